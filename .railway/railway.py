"""The Railway project of Nexus: the app, and the Postgres that holds all of its state.

`railway config plan` shows what would change, `railway config apply` does it. Replaces railway.json, which
Railway stops reading on 2026-12-01; a test holds the two to the same facts.
https://docs.railway.com/infrastructure-as-code
"""

from typing import Any

from railway_sdk import Project, define_railway, postgres, preserve, project, service


@define_railway
def main(ctx: Any = None) -> Project:
    database = postgres("postgres")
    web = service(
        "nexus",
        build={"builder": "RAILPACK", "buildCommand": "./build.sh railway"},
        preDeploy="python -m nexus migrate",
        start="exec python -m nexus serve",
        healthcheck="/readyz",
        healthcheckTimeout=120,
        deploy={
            # The former deployment still answers while people's browsers move over, and then has more than
            # the 30 s that Nexus takes at most to end open requests.
            "overlapSeconds": 15,
            "drainingSeconds": 45,
            "restartPolicyType": "ON_FAILURE",
            "restartPolicyMaxRetries": 10,
        },
        env={
            "DATABASE_URL": database.env.DATABASE_URL,
            # Set once by hand, as README.md shows. Without the second, stored secrets could never be read again.
            "SECRET_KEY": preserve(),
            "ENCRYPTION_KEY": preserve(),
        },
    )
    return project("nexus", resources=[database, web])
