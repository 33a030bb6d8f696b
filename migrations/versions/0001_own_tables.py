"""Own tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_attempts_pkey")),
        schema="nexus",
    )
    op.create_index(
        op.f("sign_in_attempts_account_at_idx"),
        "sign_in_attempts",
        ["account", "at"],
        unique=False,
        schema="nexus",
    )
    op.create_index(
        op.f("sign_in_attempts_address_at_idx"),
        "sign_in_attempts",
        ["address", "at"],
        unique=False,
        schema="nexus",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column(
            "must_change_password",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
        ),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('viewer', 'analyst', 'admin')", name=op.f("users_role_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("email", name=op.f("users_email_key")),
        schema="nexus",
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("address", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["nexus.users.id"],
            name=op.f("audit_entries_user_id_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_entries_pkey")),
        schema="nexus",
    )
    op.create_index(
        op.f("audit_entries_at_idx"),
        "audit_entries",
        ["at"],
        unique=False,
        schema="nexus",
    )
    op.create_index(
        op.f("audit_entries_user_id_idx"),
        "audit_entries",
        ["user_id"],
        unique=False,
        schema="nexus",
    )
    op.create_table(
        "dashboards",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "tags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["nexus.users.id"],
            name=op.f("dashboards_owner_id_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("dashboards_pkey")),
        sa.UniqueConstraint("name", name=op.f("dashboards_name_key")),
        schema="nexus",
    )
    op.create_table(
        "prompts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "tags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["nexus.users.id"],
            name=op.f("prompts_owner_id_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("prompts_pkey")),
        sa.UniqueConstraint("name", name=op.f("prompts_name_key")),
        schema="nexus",
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_version", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "filters",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "layout",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "queries",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("elapsed_ms", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["nexus.users.id"],
            name=op.f("reports_created_by_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("reports_pkey")),
        schema="nexus",
    )
    op.create_index(
        op.f("reports_created_at_idx"),
        "reports",
        ["created_at"],
        unique=False,
        schema="nexus",
    )
    op.create_index(
        op.f("reports_created_by_idx"),
        "reports",
        ["created_by"],
        unique=False,
        schema="nexus",
    )
    op.create_table(
        "saved_settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"],
            ["nexus.users.id"],
            name=op.f("saved_settings_changed_by_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("saved_settings_pkey")),
        schema="nexus",
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["nexus.users.id"],
            name=op.f("sessions_user_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("sessions_token_hash_key")),
        schema="nexus",
    )
    op.create_index(
        op.f("sessions_expires_at_idx"),
        "sessions",
        ["expires_at"],
        unique=False,
        schema="nexus",
    )
    op.create_index(
        op.f("sessions_user_id_idx"),
        "sessions",
        ["user_id"],
        unique=False,
        schema="nexus",
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"],
            ["nexus.users.id"],
            name=op.f("sources_changed_by_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sources_pkey")),
        sa.UniqueConstraint("name", name=op.f("sources_name_key")),
        schema="nexus",
    )
    op.create_table(
        "views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "tags",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["nexus.users.id"],
            name=op.f("views_owner_id_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("views_pkey")),
        sa.UniqueConstraint("name", name=op.f("views_name_key")),
        schema="nexus",
    )
    op.create_table(
        "visits",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "visited_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("favourite", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["nexus.users.id"],
            name=op.f("visits_user_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", "name", name=op.f("visits_pkey")),
        schema="nexus",
    )
    op.create_index(
        op.f("visits_user_id_visited_at_idx"),
        "visits",
        ["user_id", "visited_at"],
        unique=False,
        schema="nexus",
    )
    op.create_table(
        "dashboard_versions",
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "saved_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("saved_by", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["kept_id"],
            ["nexus.dashboards.id"],
            name=op.f("dashboard_versions_kept_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["saved_by"],
            ["nexus.users.id"],
            name=op.f("dashboard_versions_saved_by_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("kept_id", "version", name=op.f("dashboard_versions_pkey")),
        schema="nexus",
    )
    op.create_table(
        "prompt_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("prompt_id", sa.BigInteger(), nullable=False),
        sa.Column("prompt_version", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("dashboard", sa.Text(), nullable=True),
        sa.Column("variables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data_hash", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=True),
        sa.Column("answer_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_usd_micros", sa.BigInteger(), nullable=True),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("elapsed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["prompt_id"],
            ["nexus.prompts.id"],
            name=op.f("prompt_runs_prompt_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["nexus.users.id"],
            name=op.f("prompt_runs_user_id_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("prompt_runs_pkey")),
        schema="nexus",
    )
    op.create_index(
        op.f("prompt_runs_prompt_id_idx"),
        "prompt_runs",
        ["prompt_id"],
        unique=False,
        schema="nexus",
    )
    op.create_index(
        op.f("prompt_runs_user_id_idx"),
        "prompt_runs",
        ["user_id"],
        unique=False,
        schema="nexus",
    )
    op.create_table(
        "prompt_versions",
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "saved_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("saved_by", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["kept_id"],
            ["nexus.prompts.id"],
            name=op.f("prompt_versions_kept_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["saved_by"],
            ["nexus.users.id"],
            name=op.f("prompt_versions_saved_by_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("kept_id", "version", name=op.f("prompt_versions_pkey")),
        schema="nexus",
    )
    op.create_table(
        "view_versions",
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "saved_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("saved_by", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["kept_id"],
            ["nexus.views.id"],
            name=op.f("view_versions_kept_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["saved_by"],
            ["nexus.users.id"],
            name=op.f("view_versions_saved_by_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("kept_id", "version", name=op.f("view_versions_pkey")),
        schema="nexus",
    )


def downgrade() -> None:
    op.drop_table("view_versions", schema="nexus")
    op.drop_table("prompt_versions", schema="nexus")
    op.drop_index(op.f("prompt_runs_user_id_idx"), table_name="prompt_runs", schema="nexus")
    op.drop_index(op.f("prompt_runs_prompt_id_idx"), table_name="prompt_runs", schema="nexus")
    op.drop_table("prompt_runs", schema="nexus")
    op.drop_table("dashboard_versions", schema="nexus")
    op.drop_index(op.f("visits_user_id_visited_at_idx"), table_name="visits", schema="nexus")
    op.drop_table("visits", schema="nexus")
    op.drop_table("views", schema="nexus")
    op.drop_table("sources", schema="nexus")
    op.drop_index(op.f("sessions_user_id_idx"), table_name="sessions", schema="nexus")
    op.drop_index(op.f("sessions_expires_at_idx"), table_name="sessions", schema="nexus")
    op.drop_table("sessions", schema="nexus")
    op.drop_table("saved_settings", schema="nexus")
    op.drop_index(op.f("reports_created_by_idx"), table_name="reports", schema="nexus")
    op.drop_index(op.f("reports_created_at_idx"), table_name="reports", schema="nexus")
    op.drop_table("reports", schema="nexus")
    op.drop_table("prompts", schema="nexus")
    op.drop_table("dashboards", schema="nexus")
    op.drop_index(op.f("audit_entries_user_id_idx"), table_name="audit_entries", schema="nexus")
    op.drop_index(op.f("audit_entries_at_idx"), table_name="audit_entries", schema="nexus")
    op.drop_table("audit_entries", schema="nexus")
    op.drop_table("users", schema="nexus")
    op.drop_index(
        op.f("sign_in_attempts_address_at_idx"),
        table_name="sign_in_attempts",
        schema="nexus",
    )
    op.drop_index(
        op.f("sign_in_attempts_account_at_idx"),
        table_name="sign_in_attempts",
        schema="nexus",
    )
    op.drop_table("sign_in_attempts", schema="nexus")
