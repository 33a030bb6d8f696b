"""What the parameters of a question in SQL were declared as, beside the values that it ran with"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("query_runs", sa.Column("declared", JSONB(), server_default=sa.text("'[]'"), nullable=False), schema="nexus")


def downgrade() -> None:
    op.drop_column("query_runs", "declared", schema="nexus")
