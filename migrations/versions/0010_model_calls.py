"""Calls to models with what they cost, and what is kept of prompt runs"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("prompt_runs", sa.Column("request", sa.LargeBinary(), nullable=True), schema="nexus")
    op.add_column("prompt_runs", sa.Column("kept_from", sa.BigInteger(), nullable=True), schema="nexus")
    op.add_column("prompt_runs", sa.Column("rating", sa.BigInteger(), nullable=True), schema="nexus")
    op.add_column("prompt_runs", sa.Column("comment", sa.Text(), server_default=sa.text("''"), nullable=False), schema="nexus")
    op.create_table(
        "model_calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("reserved_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reserved_usd_micros", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=True),
        sa.Column("answer_tokens", sa.BigInteger(), nullable=True),
        sa.Column("usd_micros", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status in ('waiting', 'running', 'settled', 'void', 'lost')", name=op.f("model_calls_status_check")),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name=op.f("model_calls_user_id_fkey"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["run_id"], ["nexus.prompt_runs.id"], name=op.f("model_calls_run_id_fkey"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("model_calls_pkey")),
        schema="nexus",
    )
    for column in ("at", "user_id", "run_id"):
        op.create_index(op.f(f"model_calls_{column}_idx"), "model_calls", [column], schema="nexus")
    op.create_index(
        op.f("model_calls_status_idx"),
        "model_calls",
        ["status"],
        schema="nexus",
        postgresql_where=sa.text("status in ('waiting', 'running')"),
    )


def downgrade() -> None:
    op.drop_table("model_calls", schema="nexus")
    for column in ("comment", "rating", "kept_from", "request"):
        op.drop_column("prompt_runs", column, schema="nexus")
