"""What reports said, what it takes to issue them again, and files that were removed"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("reports", "file", existing_type=sa.LargeBinary(), nullable=True, schema="nexus")
    op.add_column(
        "reports",
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="nexus",
    )
    op.add_column("reports", sa.Column("issue_of", sa.BigInteger(), nullable=True), schema="nexus")
    op.add_column("reports", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True), schema="nexus")
    op.create_foreign_key(
        "reports_issue_of_fkey",
        "reports",
        "reports",
        ["issue_of"],
        ["id"],
        source_schema="nexus",
        referent_schema="nexus",
        ondelete="SET NULL",
    )
    op.create_index("reports_sha256_idx", "reports", ["sha256"], schema="nexus")
    op.create_index("reports_kind_subject_id_idx", "reports", ["kind", "subject", "id"], schema="nexus")
    op.create_table(
        "report_snapshots",
        sa.Column(
            "report_id",
            sa.BigInteger(),
            sa.ForeignKey("nexus.reports.id", name="report_snapshots_report_id_fkey", ondelete="CASCADE"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name="report_snapshots_pkey"),
        schema="nexus",
    )


def downgrade() -> None:
    """A report whose file was removed has nothing to hand out in an earlier Nexus, and goes."""
    op.drop_table("report_snapshots", schema="nexus")
    op.drop_index("reports_kind_subject_id_idx", "reports", schema="nexus")
    op.drop_index("reports_sha256_idx", "reports", schema="nexus")
    op.drop_constraint("reports_issue_of_fkey", "reports", schema="nexus")
    for column in ("removed_at", "issue_of", "asked"):
        op.drop_column("reports", column, schema="nexus")
    op.execute("delete from nexus.reports where file is null")
    op.alter_column("reports", "file", existing_type=sa.LargeBinary(), nullable=False, schema="nexus")
