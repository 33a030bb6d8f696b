"""Questions in words"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "askings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("thread", sa.BigInteger(), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answer", json, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sent", json, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("tables", json, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=True),
        sa.Column("answer_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_usd_micros", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("elapsed_ms", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name="askings_user_id_fkey", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["approved_by"], ["nexus.users.id"], name="askings_approved_by_fkey", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="askings_pkey"),
        schema="nexus",
    )
    op.create_index("askings_user_id_source_id_idx", "askings", ["user_id", "source", "id"], schema="nexus")
    op.create_index("askings_source_rating_idx", "askings", ["source", "rating"], schema="nexus")
    op.create_index("askings_thread_idx", "askings", ["thread"], schema="nexus")


def downgrade() -> None:
    op.drop_table("askings", schema="nexus")
