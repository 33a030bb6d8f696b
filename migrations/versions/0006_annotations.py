"""Notes on days and periods"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "annotations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("dashboard_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["nexus.users.id"], name=op.f("annotations_changed_by_fkey"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["created_by"], ["nexus.users.id"], name=op.f("annotations_created_by_fkey"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["dashboard_id"], ["nexus.dashboards.id"], name=op.f("annotations_dashboard_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("annotations_pkey")),
        schema="nexus",
    )
    op.create_index(op.f("annotations_dashboard_id_idx"), "annotations", ["dashboard_id"], unique=False, schema="nexus")


def downgrade() -> None:
    op.drop_index(op.f("annotations_dashboard_id_idx"), table_name="annotations", schema="nexus")
    op.drop_table("annotations", schema="nexus")
