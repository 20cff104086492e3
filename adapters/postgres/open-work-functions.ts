/**
 * Replaces the rows of the streams in `changed`, but for those that hold rows of a later revision, and moves the checkpoint. A row whose step and attempt stay
 * keeps a later time that a lease or deferring gave it. With a term, refused when it is over: the row of `leaders` is locked against a new one
 * meanwhile. Not waited for on disk: what a crash takes away takes its part of the checkpoint with it, and the log is replayed from there.
 */
export const openWorkFunctions = `
CREATE FUNCTION apply_open_work(
  term_name text, term_epoch bigint, new_position bigint, changed text[], changed_revisions integer[],
  streams text[], steps text[], queues text[], partners text[], attempts integer[], dues_ms bigint[], sinces_ms bigint[],
  revisions integer[], saga_versions integer[], leases_ms bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  later text[];
  old_position bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  IF term_epoch IS NOT NULL THEN
    PERFORM FROM leaders WHERE name = term_name AND epoch = term_epoch FOR SHARE;
    IF NOT FOUND THEN RAISE EXCEPTION 'term % of the % is over', term_epoch, term_name USING ERRCODE = 'HUB01'; END IF;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('sagahub open work of ' || current_schema(), 0));
  SELECT position INTO old_position FROM open_work_checkpoint ORDER BY position DESC LIMIT 1;
  DELETE FROM open_work_checkpoint WHERE position = old_position AND position <> new_position;
  INSERT INTO open_work_checkpoint VALUES (new_position) ON CONFLICT DO NOTHING;
  IF cardinality(changed) = 0 THEN RETURN; END IF;

  SELECT array_agg(DISTINCT c.stream) INTO later
  FROM unnest(changed, changed_revisions) AS c (stream, revision) JOIN open_work w ON w.stream = c.stream AND w.revision > c.revision;

  INSERT INTO open_work AS w
    (stream, step, queue, partner_id, attempt, logged_due_ms, leased_until_ms, due_ms, since_ms, revision, saga_version)
  SELECT i.stream, i.step, i.queue, i.partner_id, i.attempt, i.due_ms, i.lease_ms, coalesce(i.lease_ms, i.due_ms), i.since_ms, i.revision, i.saga_version
  FROM unnest(streams, steps, queues, partners, attempts, dues_ms, sinces_ms, revisions, saga_versions, leases_ms)
    AS i (stream, step, queue, partner_id, attempt, due_ms, since_ms, revision, saga_version, lease_ms)
  WHERE later IS NULL OR i.stream <> ALL (later)
  ON CONFLICT (stream, step) DO UPDATE SET
    (queue, partner_id, attempt, logged_due_ms, since_ms, revision, saga_version) =
      (excluded.queue, excluded.partner_id, excluded.attempt, excluded.logged_due_ms, excluded.since_ms, excluded.revision, excluded.saga_version),
    (due_ms, deferred_to_ms, leased_until_ms) = (
      SELECT CASE WHEN kept THEN w.due_ms ELSE excluded.due_ms END,
        CASE WHEN kept THEN w.deferred_to_ms END, CASE WHEN kept THEN w.leased_until_ms ELSE excluded.leased_until_ms END
      FROM (SELECT w.attempt = excluded.attempt AND coalesce(w.deferred_to_ms, w.leased_until_ms) IS NOT NULL AND w.due_ms > excluded.due_ms) AS was (kept)
    );

  DELETE FROM open_work w USING unnest(changed, changed_revisions) AS c (stream, revision)
  WHERE w.stream = c.stream AND w.revision <= c.revision
    AND w.xmin <> pg_current_xact_id()::xid /* not one of those just written */;
END $$;
`;
