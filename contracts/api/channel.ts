/** The ways an order may come in. */
export const CHANNELS = ['http', 'grpc', 'amqp'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Between the gateway and the services behind it alone: which way the gateway was reached. */
export const CHANNEL_HEADER = 'x-sagahub-channel';

export const isChannel = (text: string | undefined): text is Channel => CHANNELS.some((channel) => channel === text);
