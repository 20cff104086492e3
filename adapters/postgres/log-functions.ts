/**
 * Appends many streams' events in one transaction and one round trip. Every array has one element per append, appends are in the order
 * of their streams' names, and no stream is named twice; `ranks` is the order in which they were asked for, and in which they stand in the log. Rows are locked in one order for everybody (request keys, then
 * streams that exist, then new ones, each by name), so that no two callers can wait for each other.
 *
 * An append that loses (another revision, a request key of another stream) leaves nothing behind; its number is just not in `won`.
 * `taken` and `owners` name those that lost by their request key, and whose it is. `first_id` and `last_id` are the rows of `unsequenced` that this wrote.
 */
export const appendFunction = `
CREATE FUNCTION append_events(
  names text[], ranks integer[], categories text[], expected integer[], event_counts integer[], first_events integer[], earliest_ms bigint[], latest_ms bigint[],
  request_keys_asked text[], event_ends integer[], event_hashes bytea, event_bytes bytea,
  OUT won integer[], OUT taken integer[], OUT owners text[], OUT first_id bigint, OUT last_id bigint
) LANGUAGE plpgsql AS $$
DECLARE
  claimed text[];
BEGIN
  IF request_keys_asked IS NOT NULL THEN
    WITH inserted AS (
      INSERT INTO request_keys (key, stream)
      SELECT a.key, a.name FROM unnest(request_keys_asked, names) WITH ORDINALITY AS a (key, name, number)
      WHERE a.key IS NOT NULL ORDER BY a.key, a.number
      ON CONFLICT DO NOTHING RETURNING key
    ) SELECT array_agg(key) INTO claimed FROM inserted;
    SELECT array_agg(a.number), array_agg(r.stream) INTO taken, owners
    FROM unnest(request_keys_asked, names) WITH ORDINALITY AS a (key, name, number) JOIN request_keys r ON r.key = a.key
    WHERE r.stream <> a.name;
  END IF;

  WITH asked AS MATERIALIZED (
    SELECT a.*, substring(event_hashes FROM 32 * (a.first_event + a.events - 2) + 1 FOR 32) AS hash
    FROM unnest(names, ranks, categories, expected, event_counts, first_events, earliest_ms, latest_ms)
      WITH ORDINALITY AS a (name, rank, category, expected, events, first_event, earliest_ms, latest_ms, number)
    WHERE taken IS NULL OR a.number <> ALL (taken)
  ), locked AS (
    SELECT s.key, a.number, a.rank, a.expected, a.events, a.first_event, a.earliest_ms, a.latest_ms, a.hash
    FROM asked a JOIN streams s ON s.name = a.name AND s.revision = a.expected
    WHERE a.expected >= 0 ORDER BY s.name FOR UPDATE OF s
  ), moved AS (
    UPDATE streams s SET revision = l.expected + l.events, hash = l.hash, time_ms = l.latest_ms
    FROM locked l WHERE s.key = l.key
    RETURNING l.key, l.number, l.rank, l.expected, l.events, l.first_event, l.earliest_ms
  ), created AS (
    INSERT INTO streams (name, category, revision, hash, time_ms)
    SELECT a.name, a.category, a.events - 1, a.hash, a.latest_ms FROM asked a WHERE a.expected = -1 ORDER BY a.number
    ON CONFLICT (name) DO NOTHING RETURNING key, name
  ), winners AS MATERIALIZED (
    SELECT * FROM moved
    UNION ALL
    SELECT c.key, a.number, a.rank, a.expected, a.events, a.first_event, a.earliest_ms FROM created c JOIN asked a ON a.name = c.name
  ), written AS (
    INSERT INTO events (stream, revision, hash, bytes)
    SELECT w.key, w.expected + 1 + n,
      substring(event_hashes FROM 32 * (w.first_event + n - 1) + 1 FOR 32),
      substring(event_bytes FROM event_ends[w.first_event + n] + 1 FOR event_ends[w.first_event + n + 1] - event_ends[w.first_event + n])
    FROM winners w CROSS JOIN LATERAL generate_series(0, w.events - 1) AS n
  ), queued AS (
    INSERT INTO unsequenced (stream, first_revision, events, earliest_ms)
    SELECT w.key, w.expected + 1, w.events, w.earliest_ms FROM winners w ORDER BY w.rank RETURNING id
  ) SELECT (SELECT array_agg(number) FROM winners), (SELECT min(id) FROM queued), (SELECT max(id) FROM queued) INTO won, first_id, last_id;

  IF claimed IS NOT NULL THEN
    DELETE FROM request_keys r USING unnest(request_keys_asked, names) WITH ORDINALITY AS a (key, name, number)
    WHERE r.key = ANY (claimed) AND r.key = a.key AND r.stream = a.name AND (won IS NULL OR a.number <> ALL (won));
  END IF;
END $$;
`;

/** What releases before `place_appends` call, which goes once none of them runs any more: it looked where to begin in one statement, and took rows in the next. */
export const sequenceFunction = `
CREATE FUNCTION sequence_appends(
  term_epoch bigint, after_id bigint, at_most integer, OUT log_position bigint, OUT appends bigint, OUT newest_id bigint
) LANGUAGE plpgsql AS $$
DECLARE
  log_start bigint;
  categories text;
BEGIN
  IF NOT EXISTS (SELECT FROM unsequenced WHERE id > after_id) THEN RETURN; END IF;
  PERFORM FROM leaders WHERE name = 'sequencer' AND epoch = term_epoch FOR SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'term % is over', term_epoch USING ERRCODE = 'HUB01'; END IF;
  SELECT first_position + events - 1 INTO log_start FROM placed ORDER BY first_position DESC LIMIT 1;
  log_start := coalesce(log_start, 0);
  /* Within a stream the order of ids is that of revisions, but the predecessor may be one that was held up, and stand before after_id. */
  IF after_id > 0 AND EXISTS (
    SELECT FROM unsequenced u
    WHERE u.id > after_id AND u.first_revision > 0
      AND (SELECT p.first_revision + p.events FROM placed p WHERE p.stream = u.stream AND p.first_revision < u.first_revision
        ORDER BY p.first_revision DESC LIMIT 1) IS DISTINCT FROM u.first_revision
      AND NOT EXISTS (SELECT FROM unsequenced b WHERE b.id > after_id AND b.id < u.id AND b.stream = u.stream)
  ) THEN after_id := 0; END IF;
  WITH taken AS (
    DELETE FROM unsequenced WHERE id IN (SELECT id FROM unsequenced WHERE id > after_id ORDER BY id LIMIT at_most)
    RETURNING id, stream, first_revision, events, earliest_ms
  ), counted AS MATERIALIZED (
    SELECT id, stream, first_revision, events, earliest_ms, log_start + sum(events) OVER (ORDER BY id) AS last_position FROM taken
  ), moved AS (
    INSERT INTO placed (first_position, stream, first_revision, events)
    SELECT last_position - events + 1, stream, first_revision, events FROM counted ORDER BY id
  ), timed AS (
    INSERT INTO time_blocks AS known (block, earliest_ms)
    SELECT (last_position - events + 1)::bigint / 1000, min(earliest_ms) FROM counted GROUP BY 1
    ON CONFLICT (block) DO UPDATE SET earliest_ms = least(known.earliest_ms, excluded.earliest_ms)
      WHERE excluded.earliest_ms < known.earliest_ms
  ) SELECT max(c.last_position), count(*), max(c.id), string_agg(DISTINCT s.category, ',') INTO log_position, appends, newest_id, categories
  FROM counted c JOIN streams s ON s.key = c.stream;
  PERFORM pg_notify('sagahub_' || current_schema(), format('%s %s %s', log_start, log_position, CASE WHEN octet_length(categories) < 7000 THEN categories END));
END $$;
`;

/**
 * Gives places to appends that have none yet, in the order of their ids behind `after_id`, and tells listeners
 * where it began, where it ended and of which categories it is, so that they need not read what they do not want. Answers with the new end of the
 * log, how many appends were placed and the newest id; with nothing when there are none. Refused when `term_epoch` is not the sequencer's newest:
 * the row of `leaders` is locked against a new term meanwhile. The end of the log is where the last place ends: a row that held it would leave a
 * version behind with each batch, all of which every reader would look at while a long transaction elsewhere keeps them.
 */
export const placeFunction = `
CREATE FUNCTION place_appends(
  term_epoch bigint, after_id bigint, at_most integer, OUT log_position bigint, OUT appends bigint, OUT newest_id bigint
) LANGUAGE plpgsql AS $$
DECLARE
  log_start bigint;
  categories text;
BEGIN
  IF NOT EXISTS (SELECT FROM unsequenced WHERE id > after_id) THEN RETURN; END IF;
  PERFORM FROM leaders WHERE name = 'sequencer' AND epoch = term_epoch FOR SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'term % is over', term_epoch USING ERRCODE = 'HUB01'; END IF;
  SELECT first_position + events - 1 INTO log_start FROM placed ORDER BY first_position DESC LIMIT 1;
  log_start := coalesce(log_start, 0);
  /*
   * Within a stream the order of ids is that of revisions, but the predecessor may be one that was held up, and stand before after_id: then all are taken from the
   * beginning. Where to begin is looked up by the very statement that takes them, so that what is committed meanwhile is seen by both or by neither.
   */
  WITH beginning AS MATERIALIZED (
    SELECT CASE WHEN after_id > 0 AND EXISTS (
      SELECT FROM unsequenced u
      WHERE u.id > after_id AND u.first_revision > 0
        AND (SELECT p.first_revision + p.events FROM placed p WHERE p.stream = u.stream AND p.first_revision < u.first_revision
          ORDER BY p.first_revision DESC LIMIT 1) IS DISTINCT FROM u.first_revision
        AND NOT EXISTS (SELECT FROM unsequenced b WHERE b.id > after_id AND b.id < u.id AND b.stream = u.stream)
    ) THEN 0 ELSE after_id END AS id
  ), taken AS (
    DELETE FROM unsequenced WHERE id IN (SELECT id FROM unsequenced WHERE id > (SELECT id FROM beginning) ORDER BY id LIMIT at_most)
    RETURNING id, stream, first_revision, events, earliest_ms
  ), counted AS MATERIALIZED (
    SELECT id, stream, first_revision, events, earliest_ms, log_start + sum(events) OVER (ORDER BY id) AS last_position FROM taken
  ), moved AS (
    INSERT INTO placed (first_position, stream, first_revision, events)
    SELECT last_position - events + 1, stream, first_revision, events FROM counted ORDER BY id
  ), timed AS (
    INSERT INTO time_blocks AS known (block, earliest_ms)
    SELECT (last_position - events + 1)::bigint / 1000, min(earliest_ms) FROM counted GROUP BY 1
    ON CONFLICT (block) DO UPDATE SET earliest_ms = least(known.earliest_ms, excluded.earliest_ms)
      WHERE excluded.earliest_ms < known.earliest_ms
  ) SELECT max(c.last_position), count(*), max(c.id), string_agg(DISTINCT s.category, ',') INTO log_position, appends, newest_id, categories
  FROM counted c JOIN streams s ON s.key = c.stream;
  PERFORM pg_notify('sagahub_' || current_schema(), format('%s %s %s', log_start, log_position, CASE WHEN octet_length(categories) < 7000 THEN categories END));
END $$;
`;
