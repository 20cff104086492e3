import type { Route } from '@sagahub/contracts/api/route.ts';
import { type AuditContext, auditRoutes } from './audit/routes.ts';
import { FLOW_VIEWS } from './flows.ts';
import { eventsQuery } from './queries/events-query.ts';
import { operatorActsQuery } from './queries/operator-acts-query.ts';
import { objectQuery } from './queries/object-query.ts';
import { adminObjectsQuery, objectsQuery } from './queries/objects-query.ts';
import { type ProjectionsContext, projectionsQueries } from './queries/projections-query.ts';
import type { QueryContext } from './queries/query-context.ts';
import { workQueries } from './queries/work-query.ts';
import { timelineQuery } from './queries/timeline-query.ts';

/** Everything the read model answers to the outside. */
export const readModelRoutes = (context: QueryContext, operations: ProjectionsContext & AuditContext): readonly Route[] => [
  ...FLOW_VIEWS.flatMap((view) => [
    objectsQuery(view, context),
    objectQuery(view, context),
    timelineQuery(view, context),
    adminObjectsQuery(view, context),
  ]),
  eventsQuery(context),
  ...workQueries(FLOW_VIEWS, context),
  ...projectionsQueries(operations),
  operatorActsQuery(context),
  ...auditRoutes(operations),
];
