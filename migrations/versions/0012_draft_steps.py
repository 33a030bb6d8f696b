"""Steps of drafts"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("drafts", sa.Column("step", sa.BigInteger(), server_default=sa.text("0"), nullable=False), schema="nexus")
    op.create_table(
        "draft_steps",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "kind", "name"],
            ["nexus.drafts.user_id", "nexus.drafts.kind", "nexus.drafts.name"],
            name=op.f("draft_steps_user_id_kind_name_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", "name", "step", name=op.f("draft_steps_pkey")),
        schema="nexus",
    )


def downgrade() -> None:
    op.drop_table("draft_steps", schema="nexus")
    op.drop_column("drafts", "step", schema="nexus")
