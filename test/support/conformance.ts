import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenApi } from '#functions/openapi/document.ts';

/** One request and its answer, as they went over the wire. */
export interface Exchange {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface ResponseObject {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** Holds exchanges against a document. */
export const conformanceOf = (document: OpenApi) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'openapi', ...document });
  const templates = Object.keys(document.paths).map((template) => ({
    template,
    matches: new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
  }));

  /** @throws Error that says where the answer and the document differ */
  return ({ method, path, status, headers, body }: Exchange): void => {
    const differ = (what: string): never => {
      throw new Error(`${method} ${path} → ${status} differs from the OpenAPI document: ${what}`);
    };
    const template = templates.find(({ matches }) => matches.test(path))?.template ?? differ('there is no such path');
    const operation = document.paths[template]?.[method.toLowerCase()] ?? differ('there is no such operation');
    const responses = operation.responses as Readonly<Record<string, ResponseObject>>;
    const response = responses[String(status)] ?? differ('the status is not declared');

    for (const name of ['location', 'etag', 'retry-after']) {
      const declared = Object.keys(response.headers ?? {}).some((header) => header.toLowerCase() === name);
      if (headers[name] !== undefined && !declared) differ(`the header ${name} is not declared`);
    }
    if (body === '') {
      if (response.content) differ('a body is declared, and none came');
      return;
    }
    const type = (headers['content-type'] ?? '').split(';')[0] ?? '';
    if (!response.content?.[type]) differ(`the content type "${type}" is not declared`);
    const pointer = ['paths', template, method.toLowerCase(), 'responses', status, 'content', type, 'schema']
      .map((step) => encodeURIComponent(String(step).replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = ajv.getSchema(`openapi#/${pointer}`) ?? differ('its schema cannot be read');
    if (!validate(JSON.parse(body))) differ(ajv.errorsText(validate.errors));
  };
};

/** `fetch` that holds every answer from a base URL against a document. */
export const conformingFetch = (document: OpenApi, baseUrl: string): typeof fetch => {
  const expectConforms = conformanceOf(document);
  return async (input, init) => {
    const response = await fetch(input, init);
    const url = String(input instanceof Request ? input.url : input);
    if (url.startsWith(baseUrl)) {
      expectConforms({
        method: init?.method ?? 'GET',
        path: new URL(url).pathname,
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.clone().text(),
      });
    }
    return response;
  };
};
