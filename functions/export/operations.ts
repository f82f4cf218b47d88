import type { Profile } from '#functions/accounts/profile.ts';
import type { Clock } from '#shared/clock.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import type { UserId } from '#shared/ids.ts';
import { operation } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { exportContracts } from './contract.ts';
import {
  type ExportStore,
  exportSchema,
  exportVersion,
  inTreeOrder,
  largestAnswerBytes,
  type OwnedReader,
} from './export.ts';

export interface ExportNeeds {
  /** Makes one that is missing. @returns null when there is no such account any more */
  readonly profileOf: (owner: UserId, clientId: string | null) => Promise<Profile | null>;
  readonly owned: OwnedReader;
  readonly exports: ExportStore;
  readonly clock: Clock;
}

export const exportOperations = ({ profileOf, owned, exports, clock }: ExportNeeds): OperationsOf<'export'> => ({
  exportAccount: operation(exportContracts.exportAccount, async ({ principal: { owner }, clientId }) => {
    const now = clock.now();
    const profile = await profileOf(owner, clientId);
    if (!profile) throw new Failure('not-found', 'There is no such account any more.');
    const { tasks, ...others } = await owned.read(owner, now);
    const document = exportSchema().parse({
      format: 'pomona-export',
      version: exportVersion,
      exported_at: now.toISOString(),
      profile,
      tasks: inTreeOrder(tasks),
      ...others,
    });
    const text = JSON.stringify(document);
    if (Buffer.byteLength(text) <= largestAnswerBytes) return { status: 200 as const, body: document };
    return { status: 303 as const, location: await exports.keep(owner, text, now) };
  }),
});
