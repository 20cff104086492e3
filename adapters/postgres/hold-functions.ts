/**
 * Takes stock for new holders, all of it or nothing, when everything is as the caller takes for granted: no holder has asked before,
 * the SKUs of `totals` are tracked and have that much free, those of `untracked` are not tracked. Otherwise raises HUB02. One row per
 * SKU is written, however many holders want it. Rows are locked in key order.
 */
export const holdFunctions = `
CREATE FUNCTION reserve_stock(holders text[], items_held text[], skus text[], totals numeric[], untracked text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  done bigint;
BEGIN
  INSERT INTO stock_holds (holder, state, items)
  SELECT a.holder, 0, a.items FROM unnest(holders, items_held) AS a (holder, items) ORDER BY a.holder
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS done = ROW_COUNT;
  IF done <> cardinality(holders) OR EXISTS (SELECT FROM stock s WHERE s.sku = ANY (untracked)) THEN
    RAISE EXCEPTION 'not as assumed' USING ERRCODE = 'HUB02';
  END IF;
  WITH locked AS (
    SELECT s.sku, a.total FROM unnest(skus, totals) AS a (sku, total) JOIN stock s ON s.sku = a.sku ORDER BY s.sku FOR UPDATE OF s
  )
  UPDATE stock s SET free = s.free - l.total, held = s.held + l.total FROM locked l WHERE s.sku = l.sku AND s.free >= l.total;
  GET DIAGNOSTICS done = ROW_COUNT;
  IF done <> cardinality(skus) THEN RAISE EXCEPTION 'not as assumed' USING ERRCODE = 'HUB02'; END IF;
END $$;
`;
