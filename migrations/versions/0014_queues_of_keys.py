"""A queue of calls for each key"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("model_calls", sa.Column("key_mark", sa.Text(), server_default=sa.text("''"), nullable=False), schema="nexus")


def downgrade() -> None:
    op.drop_column("model_calls", "key_mark", schema="nexus")
