"""Scores of prompts, and runs of prompts that are not saved yet"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("prompt_runs", "prompt_id", nullable=True, schema="nexus")
    op.create_table(
        "prompt_scores",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("prompt_id", sa.BigInteger(), nullable=True),
        sa.Column("prompt_version", sa.BigInteger(), nullable=True),
        sa.Column("spec_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("passed", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["nexus.prompts.id"], name="prompt_scores_prompt_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name="prompt_scores_user_id_fkey", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="prompt_scores_pkey"),
        schema="nexus",
    )
    op.create_index("prompt_scores_user_id_idx", "prompt_scores", ["user_id"], schema="nexus")
    op.create_index("prompt_scores_prompt_id_prompt_version_id_idx", "prompt_scores", ["prompt_id", "prompt_version", "id"], schema="nexus")
    op.create_index(
        "prompt_scores_spec_hash_idx",
        "prompt_scores",
        ["spec_hash"],
        schema="nexus",
        postgresql_where=sa.text("prompt_version is null"),
    )


def downgrade() -> None:
    op.drop_table("prompt_scores", schema="nexus")
    op.execute("delete from nexus.prompt_runs where prompt_id is null")
    op.alter_column("prompt_runs", "prompt_id", nullable=False, schema="nexus")
