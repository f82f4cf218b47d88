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
  const templates = Object.keys(document.paths)
    // As API Gateway does: a path that is said in full comes before one with a parameter in its place.
    .sort((a, b) => Number(a.includes('{')) - Number(b.includes('{')))
    .map((template) => ({
      template,
      matches: new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    }));

  /** @throws Error that says where the answer and the document differ */
  return ({ method, path, status, headers, body }: Exchange): void => {
    const differ = (what: string): never => {
      throw new Error(`${method} ${path} → ${status} differs from the OpenAPI document: ${what}`);
    };
    // A route of API Gateway is a method and a path: `GET /tasks/batch` asks for a task, although `POST` to it is something else.
    const has = (template: string): boolean => document.paths[template]?.[method.toLowerCase()] !== undefined;
    const { template } =
      templates.find((each) => has(each.template) && each.matches.test(path)) ?? differ('there is no such operation');
    const operation = document.paths[template]?.[method.toLowerCase()] ?? {};
    const responses = operation.responses as Readonly<Record<string, ResponseObject>>;
    const response = responses[String(status)] ?? differ('the status is not declared');

    const declared = new Set(Object.keys(response.headers ?? {}).map((name) => name.toLowerCase()));
    for (const name of Object.keys(headers)) {
      if (!declared.has(name) && !ofTransport.test(name)) differ(`the header ${name} is not declared`);
    }
    const fromFunction = status < 400 || headers['content-type'] === 'application/problem+json';
    if (fromFunction && headers['x-request-id'] === undefined) differ('there is no x-request-id');
    if (status === 304 && headers.etag === undefined) differ('a 304 has no etag');
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
    const parsed = /json/.test(type) ? JSON.parse(body) : body;
    if (!validate(parsed)) differ(ajv.errorsText(validate.errors));
    if (type === 'application/problem+json' && parsed.status !== status) differ('the problem says another status');
  };
};

/** What HTTP itself, API Gateway and its CORS put there. */
const ofTransport =
  /^(content-(type|length)|date|connection|keep-alive|cache-control|apigw-requestid|www-authenticate|vary|access-control-.*)$/;

/** `fetch` that holds every answer from a base URL against a document. */
export const conformingFetch = (document: OpenApi, baseUrl: string): typeof fetch => {
  const expectConforms = conformanceOf(document);
  return async (input, init) => {
    const response = await fetch(input, init);
    const url = String(input instanceof Request ? input.url : input);
    if (url.startsWith(baseUrl)) {
      expectConforms({
        method: init?.method ?? (input instanceof Request ? input.method : 'GET'),
        path: new URL(url).pathname.slice(new URL(baseUrl).pathname.replace(/\/$/, '').length),
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.clone().text(),
      });
    }
    return response;
  };
};
