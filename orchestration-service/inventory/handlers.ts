import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import type { ApiRequest, ApiResponse } from '@sagahub/contracts/api/route.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { StockBalance } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { defineDiscounts } from './discount-definitions.ts';
import { actOf, entityTag, pageBody, readLoadMatch, readMatch, readName, readPage, readStockLoad } from './requests.ts';
import { discountCodeSchema, discountLoadSchema, discountTermsSchema, skuSchema, stockLevelSchema } from './schemas.ts';
import { loadLevels } from './stock-levels.ts';
import type { UnfinishedLoads } from './unfinished-loads.ts';

/** What cursors belong to. */
const STOCK_LIST = 'stock';
const DISCOUNT_LIST = 'discounts';

export type InventoryPorts = Pick<Ports, 'store' | 'stock' | 'discounts' | 'clock'> & {
  /** Where loads that fail are noted; absent: they wait for the next start. */
  readonly unfinished?: UnfinishedLoads;
};

export const inventoryHandlers = (ports: InventoryPorts) => {
  const { stock, discounts } = ports;
  return {
    loadStock: async (request: ApiRequest): Promise<ApiResponse> => {
      const items = readStockLoad(request);
      return { status: 200, body: { items: await loadLevels(ports, items, actOf(request), readLoadMatch(request, items)) } };
    },

    setStock: async (request: ApiRequest): Promise<ApiResponse> => {
      const sku = readName(request, 'sku', skuSchema);
      const { available } = parseOrFault(stockLevelSchema, request.body);
      const [loaded] = await loadLevels(ports, [{ sku, available }], actOf(request), readMatch(request));
      return { status: 200, headers: { ETag: entityTag(loaded!.revision) }, body: loaded! };
    },

    listStock: async (request: ApiRequest): Promise<ApiResponse> => {
      const { limit, after } = readPage(request, STOCK_LIST);
      const found = await stock.balances({ limit: limit + 1, ...(after !== undefined && { afterSku: after }) });
      return { status: 200, body: pageBody(found.map(stockView), limit, STOCK_LIST, ({ sku }) => sku) };
    },

    showStock: async ({ params }: ApiRequest): Promise<ApiResponse> => {
      const sku = params['sku'] ?? '';
      const [balance] = await stock.balances({ skus: [sku] });
      if (!balance) throw new NotFoundError(`the stock of ${sku}`);
      return { status: 200, headers: { ETag: entityTag(balance.revision) }, body: stockView(balance) };
    },

    loadDiscounts: async (request: ApiRequest): Promise<ApiResponse> => {
      const { items } = parseOrFault(discountLoadSchema, request.body);
      const defined = await defineDiscounts(ports, items, actOf(request), readLoadMatch(request, items));
      return { status: 200, body: { items: defined.map(definedView) } };
    },

    setDiscount: async (request: ApiRequest): Promise<ApiResponse> => {
      const code = readName(request, 'code', discountCodeSchema);
      const terms = parseOrFault(discountTermsSchema, request.body);
      const [defined] = await defineDiscounts(ports, [{ code, ...terms }], actOf(request), readMatch(request));
      return { status: 200, headers: { ETag: entityTag(defined!.revision) }, body: definedView(defined!) };
    },

    listDiscounts: async (request: ApiRequest): Promise<ApiResponse> => {
      const { limit, after } = readPage(request, DISCOUNT_LIST);
      const found = await discounts.balances({ limit: limit + 1, ...(after !== undefined && { afterCode: after }) });
      return { status: 200, body: pageBody(found, limit, DISCOUNT_LIST, ({ code }) => code) };
    },

    showDiscount: async ({ params }: ApiRequest): Promise<ApiResponse> => {
      const code = params['code'] ?? '';
      const [balance] = await discounts.balances({ codes: [code] });
      if (!balance) throw new NotFoundError(`the discount ${code}`);
      return { status: 200, headers: { ETag: entityTag(balance.revision) }, body: balance };
    },
  };
};

const stockView = ({ sku, free, held, revision }: StockBalance) => ({ sku, free, held, revision });
const definedView = ({ code, revision }: { readonly code: string; readonly revision: number }) => ({ code, revision });
