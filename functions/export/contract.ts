import type { OperationOf } from '#blueprint/routes.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { exportSchema } from './export.ts';

export const exportContracts = {
  exportAccount: contract(() => ({
    summary: 'Everything one owns, as one document; a large one is found at `Location`, for an hour',
    replies: { 200: exportSchema(), 303: null },
    problems: ['not-found'],
  })),
} satisfies Record<OperationOf<'export'>, () => Contract>;
