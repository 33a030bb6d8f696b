"""Filter sets of people"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "filter_sets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("dashboard_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name="filter_sets_user_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["dashboard_id"], ["nexus.dashboards.id"], name="filter_sets_dashboard_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="filter_sets_pkey"),
        schema="nexus",
    )
    op.create_index("filter_sets_dashboard_id_idx", "filter_sets", ["dashboard_id"], schema="nexus")
    op.create_index(
        "filter_sets_user_id_dashboard_id_name_idx", "filter_sets", ["user_id", "dashboard_id", "name"], unique=True, schema="nexus"
    )
    op.create_index(
        "filter_sets_default_idx",
        "filter_sets",
        ["user_id", "dashboard_id"],
        unique=True,
        schema="nexus",
        postgresql_where=sa.text("is_default"),
    )


def downgrade() -> None:
    op.drop_table("filter_sets", schema="nexus")
