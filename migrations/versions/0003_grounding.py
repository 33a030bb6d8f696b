"""Grounding of prompt runs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prompt_runs", sa.Column("grounding", postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema="nexus")


def downgrade() -> None:
    op.drop_column("prompt_runs", "grounding", schema="nexus")
