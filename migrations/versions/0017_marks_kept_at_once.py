"""A function that keeps the marks of calls: as cheap as can be while all of them are new."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply.

    A plain INSERT looks for a mark's place once, ON CONFLICT twice; but the first known mark undoes
    it all. So who met none lately tries it, and falls back. Tells the marks that were known before.
    """
    op.execute(
        """
        CREATE FUNCTION keep_marks(
            workspace text, marks uuid[], entries uuid[], days date[], digests bigint[],
            all_new_probably boolean
        ) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
        BEGIN
            IF all_new_probably THEN
                BEGIN
                    INSERT INTO call_identity
                        (workspace_id, identity, entry_id, occurred_on, digest)
                    SELECT workspace, * FROM unnest(marks, entries, days, digests);
                    RETURN;
                EXCEPTION WHEN unique_violation THEN
                    NULL;
                END;
            END IF;
            RETURN QUERY
            WITH added AS (
                INSERT INTO call_identity (workspace_id, identity, entry_id, occurred_on, digest)
                SELECT workspace, * FROM unnest(marks, entries, days, digests)
                ON CONFLICT DO NOTHING RETURNING identity)
            SELECT mark FROM unnest(marks) AS sent(mark)
            WHERE (SELECT count(*) FROM added) < cardinality(marks)
                AND NOT EXISTS (SELECT 1 FROM added WHERE added.identity = sent.mark);
        END $$
        """
    )


def downgrade() -> None:
    """Undo."""
    op.execute("DROP FUNCTION keep_marks(text, uuid[], uuid[], date[], bigint[], boolean)")
