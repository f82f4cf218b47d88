import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { type Contract, contract } from '#shared/operation.ts';

export const openapiContracts = {
  getHealth: contract(() => ({
    summary: 'Whether the service answers',
    replies: { 200: z.object({ status: z.literal('ok') }) },
  })),
  getOpenApi: contract(() => ({
    summary: 'This document',
    replies: { 200: z.record(z.string(), z.unknown()) },
  })),
  getAsyncApi: contract(() => ({
    summary: 'What devices and the service say to each other on a WebSocket',
    replies: { 200: z.record(z.string(), z.unknown()) },
  })),
} satisfies Record<OperationOf<'openapi'>, () => Contract>;
