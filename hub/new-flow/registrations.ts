/** One line that has to stand in a file that knows of every flow, in the words of the skeleton. */
export interface Registration {
  readonly file: string;
  /** Statements that go to the top. */
  readonly imports?: readonly string[];
  /** What is looked for, and what stands there afterwards. */
  readonly edits: readonly (readonly [found: RegExp, replacement: string])[];
}

/** Everything outside the flow's own files. */
export const REGISTRATIONS: readonly Registration[] = [
  {
    file: 'contracts/ports/identity.ts',
    edits: [
      [
        /(export const SCOPES = \{[^}]*?)(\n {2}'webhooks:manage')/,
        "$1\n  'samples:write': 'Post samples',\n  'samples:read': 'Read your own samples',$2",
      ],
    ],
  },
  {
    file: 'contracts/api/webhook-events.ts',
    imports: ["import { SAMPLE_EVENTS } from './sample-events.ts';"],
    edits: [[/(WEBHOOK_EVENTS = \{[^}]*?) \}/, '$1, ...SAMPLE_EVENTS }']],
  },
  {
    file: 'contracts/messages/dead-letter.ts',
    imports: ["import { SAMPLE_DEAD_LETTERS } from './sample.ts';"],
    edits: [[/(DEAD_LETTER_COLLECTIONS: readonly string\[\] = \[[^\]]*?),?\s*\]/, '$1, SAMPLE_DEAD_LETTERS]']],
  },
  {
    file: 'integration-service/flows.ts',
    imports: ["import { sampleFlowIntake } from './samples/flow-intake.ts';"],
    edits: [[/(FLOWS: readonly FlowIntake\[\] = \[[^\]]*?)\]/, '$1, sampleFlowIntake]']],
  },
  {
    file: 'hub/flows.ts',
    imports: [
      "import { SAMPLE_QUEUE } from '@sagahub/contracts/messages/sample.ts';",
      "import { sampleParticipants } from '@sagahub/orchestration-service/flows/sample/desk.ts';",
      "import { sampleFlow } from '@sagahub/orchestration-service/flows/sample/flow.ts';",
    ],
    edits: [
      [/(partnerFlows = [\s\S]*?=> \[[^\]]*?),?\s*\]/, '$1, { flow: sampleFlow, participants: sampleParticipants, routes: [] }]'],
      [/(QUEUES: readonly string\[\] = \[[^\]]*?),?\s*\]/, '$1, SAMPLE_QUEUE]'],
    ],
  },
  {
    file: 'hub/demo-installation.ts',
    edits: [
      [/(demo: \[)('orders:read')/, "$1'samples:read', 'samples:write', $2"],
      [/(operator: \['admin',)/, "$1 'samples:read',"],
    ],
  },
  {
    file: 'read-model/projections/index.ts',
    imports: ["import { samplesProjection } from './sample.ts';"],
    edits: [[/(PROJECTIONS: readonly Projection\[\] = \[[^\]]*?),?\s*\]/, '$1, samplesProjection]']],
  },
  {
    file: 'read-model/flows.ts',
    imports: ["import { sampleFlowView } from './queries/sample-view.ts';"],
    edits: [[/(FLOW_VIEWS: [^=]*= \[[^\]]*?)\]/, '$1, sampleFlowView]']],
  },
  {
    file: 'outbound-service/webhooks/flows.ts',
    imports: ["import { sampleFace } from './flows/sample.ts';"],
    edits: [[/(FACES: readonly FlowFace\[\] = \[[^\]]*?)\]/, '$1, sampleFace]']],
  },
  {
    file: 'outbound-service/alerts/flows.ts',
    imports: ["import { sampleAlerts } from './flows/sample.ts';"],
    edits: [[/(ALERT_FACES: readonly AlertFace\[\] = \[[^\]]*?)\]/, '$1, sampleAlerts]']],
  },
  {
    file: 'outbound-service/admin/flows.ts',
    imports: ["import { sampleOperators } from './flows/sample.ts';"],
    edits: [[/(OPERATOR_FACES: readonly OperatorFace\[\] = \[[^\]]*?)\]/, '$1, sampleOperators]']],
  },
  {
    file: 'gateway/docs/tags.ts',
    edits: [
      [/(\n {2}Webhooks: )/, "\n  Samples: 'For partners: post and follow your samples.',$1"],
      [/(\n {2}'Dead letters': )/, "\n  'Samples in trouble': 'For operators: retry what a sample is stuck at, or give it up.',$1"],
    ],
  },
  {
    file: 'docs/errors.md',
    edits: [
      [
        /(\n\| `HUB_PAYMENT_REFERENCE_REUSED`)/,
        '\n| `HUB_SAMPLE_NUMBER_REUSED` | 422 | This number was used for a sample with other content; `links` leads to it | Use a new number; if the sample is the same, send it unchanged | no |$1',
      ],
    ],
  },
];
