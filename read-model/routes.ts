import type { Route } from '@sagahub/contracts/api/route.ts';
import { type AuditContext, auditRoutes } from './audit/routes.ts';
import { eventsQuery } from './queries/events-query.ts';
import { operatorActsQuery } from './queries/operator-acts-query.ts';
import { orderQuery } from './queries/order-query.ts';
import { adminOrdersQuery, ordersQuery } from './queries/orders-query.ts';
import { type ProjectionsContext, projectionsQueries } from './queries/projections-query.ts';
import type { QueryContext } from './queries/query-context.ts';
import { workQueries } from './queries/work-query.ts';
import { timelineQuery } from './queries/timeline-query.ts';

/** Everything the read model answers to the outside. */
export const readModelRoutes = (context: QueryContext, operations: ProjectionsContext & AuditContext): readonly Route[] => [
  ordersQuery(context),
  orderQuery(context),
  timelineQuery(context),
  eventsQuery(context),
  adminOrdersQuery(context),
  ...workQueries(context),
  ...projectionsQueries(operations),
  operatorActsQuery(context),
  ...auditRoutes(operations),
];
