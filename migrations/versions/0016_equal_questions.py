"""Questions that are equal to one before"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("askings", sa.Column("digest", sa.Text(), nullable=True), schema="nexus")
    op.create_index("askings_digest_idx", "askings", ["digest"], schema="nexus")


def downgrade() -> None:
    op.drop_column("askings", "digest", schema="nexus")
