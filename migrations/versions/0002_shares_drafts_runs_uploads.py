"""Shares, drafts, query runs, exports and uploads"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("base_version", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name=op.f("drafts_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", "name", name=op.f("drafts_pkey")),
        schema="nexus",
    )
    op.create_table(
        "exports",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("row_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected_rows", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name=op.f("exports_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("exports_pkey")),
        schema="nexus",
    )
    op.create_index(op.f("exports_started_at_idx"), "exports", ["started_at"], unique=False, schema="nexus")
    op.create_table(
        "query_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("view", sa.Text(), nullable=True),
        sa.Column("view_version", sa.BigInteger(), nullable=True),
        sa.Column("sql", sa.Text(), nullable=True),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=True),
        sa.Column("elapsed_ms", sa.Double(), nullable=False),
        sa.Column("cached", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name=op.f("query_runs_user_id_fkey"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("query_runs_pkey")),
        schema="nexus",
    )
    op.create_index(op.f("query_runs_at_idx"), "query_runs", ["at"], unique=False, schema="nexus")
    op.create_index(op.f("query_runs_user_id_at_idx"), "query_runs", ["user_id", "at"], unique=False, schema="nexus")
    op.create_index(op.f("query_runs_view_at_idx"), "query_runs", ["view", "at"], unique=False, schema="nexus")
    op.create_table(
        "shares",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("may_edit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("shared_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("role in ('viewer', 'analyst', 'admin')", name=op.f("shares_role_check")),
        sa.CheckConstraint("(user_id is null) <> (role is null)", name=op.f("shares_with_whom_check")),
        sa.ForeignKeyConstraint(["shared_by"], ["nexus.users.id"], name=op.f("shares_shared_by_fkey"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name=op.f("shares_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("shares_pkey")),
        schema="nexus",
    )
    op.create_index(
        op.f("shares_kind_kept_id_role_idx"),
        "shares",
        ["kind", "kept_id", "role"],
        unique=True,
        schema="nexus",
        postgresql_where=sa.text("role is not null"),
    )
    op.create_index(
        op.f("shares_kind_kept_id_user_id_idx"),
        "shares",
        ["kind", "kept_id", "user_id"],
        unique=True,
        schema="nexus",
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_index(op.f("shares_user_id_idx"), "shares", ["user_id"], unique=False, schema="nexus")
    op.create_table(
        "uploads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("form", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["nexus.users.id"], name=op.f("uploads_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("uploads_pkey")),
        schema="nexus",
    )
    op.create_index(op.f("uploads_created_at_idx"), "uploads", ["created_at"], unique=False, schema="nexus")
    op.create_index(op.f("uploads_user_id_idx"), "uploads", ["user_id"], unique=False, schema="nexus")
    op.create_table(
        "upload_chunks",
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["nexus.uploads.id"], name=op.f("upload_chunks_upload_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("upload_id", "position", name=op.f("upload_chunks_pkey")),
        schema="nexus",
    )
    op.add_column("dashboards", sa.Column("open_to_all", sa.Boolean(), server_default=sa.text("true"), nullable=False), schema="nexus")
    op.add_column("prompts", sa.Column("open_to_all", sa.Boolean(), server_default=sa.text("true"), nullable=False), schema="nexus")
    op.add_column("sources", sa.Column("writer_url", sa.LargeBinary(), nullable=True), schema="nexus")
    op.add_column("views", sa.Column("open_to_all", sa.Boolean(), server_default=sa.text("true"), nullable=False), schema="nexus")


def downgrade() -> None:
    op.drop_column("views", "open_to_all", schema="nexus")
    op.drop_column("sources", "writer_url", schema="nexus")
    op.drop_column("prompts", "open_to_all", schema="nexus")
    op.drop_column("dashboards", "open_to_all", schema="nexus")
    op.drop_table("upload_chunks", schema="nexus")
    op.drop_index(op.f("uploads_user_id_idx"), table_name="uploads", schema="nexus")
    op.drop_index(op.f("uploads_created_at_idx"), table_name="uploads", schema="nexus")
    op.drop_table("uploads", schema="nexus")
    op.drop_index(op.f("shares_user_id_idx"), table_name="shares", schema="nexus")
    op.drop_index(
        op.f("shares_kind_kept_id_user_id_idx"), table_name="shares", schema="nexus", postgresql_where=sa.text("user_id is not null")
    )
    op.drop_index(op.f("shares_kind_kept_id_role_idx"), table_name="shares", schema="nexus", postgresql_where=sa.text("role is not null"))
    op.drop_table("shares", schema="nexus")
    op.drop_index(op.f("query_runs_view_at_idx"), table_name="query_runs", schema="nexus")
    op.drop_index(op.f("query_runs_user_id_at_idx"), table_name="query_runs", schema="nexus")
    op.drop_index(op.f("query_runs_at_idx"), table_name="query_runs", schema="nexus")
    op.drop_table("query_runs", schema="nexus")
    op.drop_index(op.f("exports_started_at_idx"), table_name="exports", schema="nexus")
    op.drop_table("exports", schema="nexus")
    op.drop_table("drafts", schema="nexus")
