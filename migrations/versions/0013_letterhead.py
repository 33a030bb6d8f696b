"""What stands at the head and the foot of every printed page"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letterheads",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("header", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("footer", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("letterheads_one_check")),
        sa.ForeignKeyConstraint(["changed_by"], ["nexus.users.id"], name=op.f("letterheads_changed_by_fkey"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("letterheads_pkey")),
        schema="nexus",
    )


def downgrade() -> None:
    op.drop_table("letterheads", schema="nexus")
