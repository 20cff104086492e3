import { flag, integer, type Settings } from '@sagahub/contracts/config.ts';
import { z } from 'zod';

const secret = () => z.string().min(16, 'must have at least 16 characters').optional();

export const hubSettings = {
  profile: {
    env: 'HUB_PROFILE',
    schema: z.enum(['embedded', 'networked'], 'must be embedded or networked').default('embedded'),
    description:
      'Which engines everything runs on. `embedded`: one process, one data folder, no server. `networked`: PostgreSQL or KurrentDB, Redis, RabbitMQ and MongoDB, one process per service.',
  },
  dataDir: {
    env: 'HUB_DATA_DIR',
    schema: z.string().default('./data'),
    description: 'Folder of the log, the read model and the keys. One hub at a time.',
  },
  simulatorPort: {
    env: 'HUB_ERP_SIMULATOR_PORT',
    schema: integer(8082, 0, 65_535),
    description: 'Port of the built-in ERP simulator, which runs when ERP_URL is unset. Any free one when it is taken, or 0.',
  },
  paymentSimulatorPort: {
    env: 'HUB_PAYMENT_SIMULATOR_PORT',
    schema: integer(8083, 0, 65_535),
    description:
      'Port of the built-in simulator of a payment processor, which runs beside that of the ERP. Any free one when it is taken, or 0.',
  },
  workers: {
    env: 'HUB_WORKERS',
    schema: flag(true),
    description:
      'For maintenance: `false` accepts and shows orders, and leaves all work on them (stock, ERP, deadlines) to a later start with `true`.',
  },
  adminSecret: {
    env: 'HUB_ADMIN_CLIENT_SECRET',
    schema: secret(),
    description:
      'Makes sure of a client `admin` with this secret, who adds partners and clients where there are no demo clients. For the first start; leave it out afterwards.',
    secret: true,
  },
  demoClientSecret: {
    env: 'HUB_DEMO_CLIENT_SECRET',
    schema: secret(),
    description: 'Secret of the client `demo`, who posts orders. Embedded profile on loopback only; drawn when absent.',
    secret: true,
  },
  demoOperatorSecret: {
    env: 'HUB_DEMO_OPERATOR_SECRET',
    schema: secret(),
    description: 'Secret of the client `operator`, who may do everything an operator does; drawn when absent.',
    secret: true,
  },
  demoAuditorSecret: {
    env: 'HUB_DEMO_AUDITOR_SECRET',
    schema: secret(),
    description: 'Secret of the client `auditor`, who reads the history; drawn when absent.',
    secret: true,
  },
} satisfies Settings;
