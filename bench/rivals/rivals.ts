import { galgo } from './galgo.ts';
import { kafka } from './kafka.ts';
import { nats } from './nats.ts';
import { redis } from './redis.ts';
import type { Rival } from './rival.ts';

export const rivals: readonly Rival[] = [galgo, nats, redis, kafka];
