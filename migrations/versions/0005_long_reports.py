"""Long reports, and the jobs that print them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reports", sa.Column("locked", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="nexus")
    op.create_table(
        "report_parts",
        sa.Column(
            "report_id",
            sa.BigInteger(),
            sa.ForeignKey("nexus.reports.id", name="report_parts_report_id_fkey", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "position", name="report_parts_pkey"),
        schema="nexus",
    )
    op.create_table(
        "report_jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "user_id", sa.BigInteger(), sa.ForeignKey("nexus.users.id", name="report_jobs_user_id_fkey", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("given", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("share", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("pages", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column(
            "report_id",
            sa.BigInteger(),
            sa.ForeignKey("nexus.reports.id", name="report_jobs_report_id_fkey", ondelete="SET NULL"),
            nullable=True,
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="report_jobs_pkey"),
        schema="nexus",
    )
    op.create_index("report_jobs_user_id_idx", "report_jobs", ["user_id"], schema="nexus")
    op.create_index("report_jobs_asked_at_idx", "report_jobs", ["asked_at"], schema="nexus")
    op.create_index(
        "report_jobs_state_idx", "report_jobs", ["state"], schema="nexus", postgresql_where=sa.text("state in ('waiting', 'running')")
    )


def downgrade() -> None:
    for table in ("report_jobs", "report_parts"):
        op.drop_table(table, schema="nexus")
    op.drop_column("reports", "locked", schema="nexus")
