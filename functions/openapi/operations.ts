import { routes } from '#blueprint/routes.ts';
import { accountContracts } from '#functions/accounts/contract.ts';
import { attachmentContracts } from '#functions/attachments/contract.ts';

import { calendarContracts } from '#functions/calendar/contract.ts';

import { exportContracts } from '#functions/export/contract.ts';

import { guestContracts } from '#functions/guest/contract.ts';
import { mailContracts } from '#functions/mail/contract.ts';
import { pomodoroContracts } from '#functions/pomodoro/contract.ts';
import { reportContracts } from '#functions/reports/contract.ts';
import { fromDevice, syncContracts, toDevice } from '#functions/sync/contract.ts';
import { taskContracts } from '#functions/tasks/contract.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import { publicOperation } from '#shared/operation.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { openapiContracts } from './contract.ts';
import { type OpenApi, openApiDocument } from './document.ts';

/** Every operation's contract: a missing one does not compile. */
const contracts = {
  ...accountContracts,
  ...exportContracts,
  ...taskContracts,
  ...guestContracts,
  ...pomodoroContracts,
  ...attachmentContracts,
  ...reportContracts,
  ...syncContracts,
  ...calendarContracts,
  ...mailContracts,
  ...openapiContracts,
};

export const documentOf = (version: string): OpenApi => openApiDocument({ version, routes, contracts });

export const socketDocumentOf = (version: string) =>
  asyncApiDocument({ version, fromDevice: fromDevice(), toDevice: toDevice() });

export const openapiOperations = (version: string): OperationsOf<'openapi'> => {
  let made: OpenApi | undefined;
  return {
    getHealth: publicOperation(openapiContracts.getHealth, async () => ({
      status: 200 as const,
      body: { status: 'ok' as const },
    })),

    getOpenApi: publicOperation(openapiContracts.getOpenApi, async () => {
      made ??= documentOf(version);
      return { status: 200 as const, body: { ...made } };
    }),

    getAsyncApi: publicOperation(openapiContracts.getAsyncApi, async () => ({
      status: 200 as const,
      body: { ...socketDocumentOf(version) },
    })),
  };
};
