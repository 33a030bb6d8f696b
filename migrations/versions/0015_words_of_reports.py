"""Words are found in a long ledger without its records being read: an index from the newest report on, with what is searched"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_reports_words", "reports", ["id"], schema="nexus", postgresql_include=["title", "subject", "created_by"])


def downgrade() -> None:
    op.drop_index("ix_reports_words", "reports", schema="nexus")
