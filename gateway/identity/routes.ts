import { randomBytes } from 'node:crypto';
import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { operatorReasonBody } from '@sagahub/contracts/api/reason.ts';
import { type ApiRequest, type ApiResponse, JSON_BODY, type OperationDoc, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { z } from 'zod';
import type { Act, IdentityDirectory } from './directory.ts';
import type { IdentityRegistry } from './registry.ts';
import * as schemas from './schemas.ts';
import type { Client, Partner } from './state.ts';

const PARTNERS = '/api/v1/admin/partners';
const CLIENTS = '/api/v1/admin/clients';
const OPTIONAL_JSON = { ...JSON_BODY, optional: true };

/** Partners and clients, for administrators. */
export const identityRoutes = (directory: IdentityDirectory, registry: IdentityRegistry, defaultLimit: number): readonly Route[] => {
  const viewOf = (partner: Partner) => schemas.viewOfPartner(partner, registry.clientsOf(partner.partnerId), defaultLimit);
  const partnerView = async (partnerId: string) => viewOf(await directory.partner(partnerId));
  const partnerAnswer = async (partnerId: string): Promise<ApiResponse> => ({ status: 200, body: await partnerView(partnerId) });
  const partnerOf = (request: ApiRequest) => request.params['partnerId'] ?? '';
  const clientOf = (request: ApiRequest) => request.params['clientId'] ?? '';

  return [
    admin(
      'POST',
      PARTNERS,
      created('addPartner', 'Add a partner', schemas.partnerView, schemas.addPartnerBody, EXAMPLE_PARTNER, PARTNER_EXISTS),
      async (request) => {
        const { partnerId, name, rateLimitPerMinute } = parseOrFault(schemas.addPartnerBody, request.body);
        await directory.addPartner(partnerId, { name, ...(rateLimitPerMinute !== undefined && { rateLimitPerMinute }) }, actOf(request));
        return { status: 201, headers: { location: `${PARTNERS}/${partnerId}` }, body: await partnerView(partnerId) };
      },
    ),
    admin(
      'GET',
      PARTNERS,
      shown('listPartners', 'All partners with their clients', z.object({ items: z.array(schemas.partnerView) })),
      async () => ({
        status: 200,
        body: { items: registry.partners().map(viewOf) },
      }),
    ),
    admin('GET', `${PARTNERS}/:partnerId`, shown('getPartner', 'One partner with its clients', schemas.partnerView), async (request) =>
      partnerAnswer(partnerOf(request)),
    ),
    admin(
      'PATCH',
      `${PARTNERS}/:partnerId`,
      shown('changePartner', 'Change a partner’s name or limit', schemas.partnerView, schemas.changePartnerBody, {
        rateLimitPerMinute: 12_000,
      }),
      async (request) => {
        const { name, rateLimitPerMinute } = parseOrFault(schemas.changePartnerBody, request.body);
        const changes = { ...(name !== undefined && { name }), ...(rateLimitPerMinute !== undefined && { rateLimitPerMinute }) };
        await directory.changePartner(partnerOf(request), changes, actOf(request));
        return partnerAnswer(partnerOf(request));
      },
      PATCH_BODY,
    ),
    admin(
      'POST',
      `${PARTNERS}/:partnerId/suspend`,
      shown('suspendPartner', 'Refuse all tokens of a partner from now on', schemas.partnerView, operatorReasonBody, {
        reason: 'invoices unpaid, ticket 4711',
      }),
      async (request) => {
        await directory.suspend(partnerOf(request), parseOrFault(operatorReasonBody, request.body).reason, actOf(request));
        return partnerAnswer(partnerOf(request));
      },
    ),
    admin(
      'POST',
      `${PARTNERS}/:partnerId/reinstate`,
      shown('reinstatePartner', 'Accept a suspended partner’s tokens again', schemas.partnerView, operatorReasonBody, {
        reason: 'paid, ticket 4711',
      }),
      async (request) => {
        await directory.reinstate(partnerOf(request), parseOrFault(operatorReasonBody, request.body).reason, actOf(request));
        return partnerAnswer(partnerOf(request));
      },
    ),
    admin(
      'POST',
      `${PARTNERS}/:partnerId/clients`,
      created(
        'addClient',
        'Add a client; its secret is shown this once',
        schemas.newSecretView,
        schemas.addClientBody,
        EXAMPLE_CLIENT,
        CLIENT_EXISTS,
      ),
      async (request) => {
        const partnerId = partnerOf(request);
        const { clientId = `${partnerId.slice(0, 48)}-${randomBytes(5).toString('hex')}`, scopes } = parseOrFault(
          schemas.addClientBody,
          request.body,
        );
        const { client, secret } = await directory.addClient({ clientId, partnerId, scopes: [...new Set(scopes)] }, actOf(request));
        return { status: 201, headers: { location: `${CLIENTS}/${clientId}` }, body: withSecret(client, secret) };
      },
    ),
    admin(
      'GET',
      `${PARTNERS}/:partnerId/clients`,
      shown('listClients', 'A partner’s clients', z.object({ items: z.array(schemas.clientView) })),
      async (request) => ({ status: 200, body: { items: (await partnerView(partnerOf(request))).clients } }),
    ),
    admin('GET', `${CLIENTS}/:clientId`, shown('getClient', 'One client', schemas.clientView), async (request) => ({
      status: 200,
      body: schemas.viewOfClient(await directory.client(clientOf(request))),
    })),
    admin(
      'POST',
      `${CLIENTS}/:clientId/rotate-secret`,
      shown(
        'rotateClientSecret',
        'Draw a new secret; the former one works for a while longer',
        schemas.newSecretView,
        schemas.rotateBody,
        { overlapSeconds: 86_400 },
        CLIENT_REVOKED,
      ),
      async (request) => {
        const { overlapSeconds } = parseOrFault(schemas.rotateBody, request.body ?? {});
        const { client, secret } = await directory.rotateSecret(clientOf(request), overlapSeconds * 1000, actOf(request));
        return { status: 200, body: withSecret(client, secret) };
      },
      OPTIONAL_JSON,
    ),
    admin(
      'POST',
      `${CLIENTS}/:clientId/revoke`,
      shown('revokeClient', 'Refuse a client’s tokens and secret for good', schemas.clientView, operatorReasonBody, {
        reason: 'its secret leaked',
      }),
      async (request) => {
        const client = await directory.revokeClient(
          clientOf(request),
          parseOrFault(operatorReasonBody, request.body).reason,
          actOf(request),
        );
        return { status: 200, body: schemas.viewOfClient(client) };
      },
    ),
  ];
};

const EXAMPLE_PARTNER = { partnerId: 'acme', name: 'ACME Wholesale', rateLimitPerMinute: 6000 };
const EXAMPLE_CLIENT = { scopes: ['orders:write', 'orders:read'] };
const PARTNER_EXISTS = { 409: { description: 'A partner of this id was added before, with other data' } };
const CLIENT_EXISTS = { 409: { description: 'There is a client of this id; its secret cannot be shown again' } };
const CLIENT_REVOKED = { 409: { description: 'The client was revoked, for good' } };
const PATCH_BODY = { types: { 'application/merge-patch+json': 'json', 'application/json': 'json' } } as const;

const withSecret = (client: Client, clientSecret: string) => ({ ...schemas.viewOfClient(client), clientSecret });

const actOf = (request: ApiRequest): Act => ({
  by: `client:${principalOf(request).clientId}`,
  correlationId: request.correlationId,
  traceparent: request.traceparent,
});

const admin = (
  method: Route['method'],
  path: string,
  operation: OperationDoc,
  handle: Route['handle'],
  body: Route['body'] = operation.requestSchema && JSON_BODY,
): Route => ({ method, path, scopes: ['admin'], operation, handle, ...(body && { body }) });

const documented = (
  status: number,
  operationId: string,
  summary: string,
  schema: z.ZodType,
  requestSchema?: z.ZodType,
  requestExample?: unknown,
  problems: OperationDoc['responses'] = {},
): OperationDoc => ({
  operationId,
  summary,
  tag: 'Partners and clients',
  ...(requestSchema && { requestSchema }),
  ...(requestExample !== undefined && { requestExample }),
  responses: { [status]: { description: status === 201 ? 'Added' : 'As it is now', schema }, ...problems },
});
const shown = (...args: Parameters<typeof documented> extends [number, ...infer Rest] ? Rest : never) => documented(200, ...args);
const created = (...args: Parameters<typeof documented> extends [number, ...infer Rest] ? Rest : never) => documented(201, ...args);
