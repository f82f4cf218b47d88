import type { Assembly, Resource } from '#local/parts.ts';
import type { StageProperties } from '#local/throttle.ts';

export interface RouteProperties {
  readonly ApiId: string;
  readonly RouteKey: string;
  readonly Target?: string;
  readonly AuthorizationType?: string;
  readonly AuthorizerId?: string;
  readonly AuthorizationScopes?: readonly string[];
}

export interface ApiRoute extends RouteProperties {
  readonly logicalId: string;
  readonly integrationUri: string;
}

/** One API of the assembly with what belongs to it. @throws Error when there is not exactly one of the protocol, or it has no stage */
export const apiOf = (assembly: Assembly, protocol: 'HTTP' | 'WEBSOCKET') => {
  const [api, ...others] = assembly
    .resourcesOf('AWS::ApiGatewayV2::Api')
    .filter(({ properties }) => properties.ProtocolType === protocol);
  if (!api || others.length > 0) throw new Error(`the runner hosts exactly one ${protocol} API`);
  const ofApi = (type: string): Resource[] =>
    assembly.resourcesOf(type).filter(({ properties }) => properties.ApiId === api.physicalId);
  const integrations = new Map(
    ofApi('AWS::ApiGatewayV2::Integration').map(({ physicalId, properties }) => [
      physicalId,
      String(properties.IntegrationUri),
    ]),
  );
  const routes = ofApi('AWS::ApiGatewayV2::Route').map(({ logicalId, properties }): ApiRoute => {
    const route = properties as unknown as RouteProperties;
    const integrationUri = integrations.get(route.Target?.split('/')[1] ?? '');
    if (!integrationUri) throw new Error(`the route ${route.RouteKey} has no integration`);
    return { ...route, logicalId, integrationUri };
  });
  const [stage] = ofApi('AWS::ApiGatewayV2::Stage');
  if (!stage) throw new Error(`the ${protocol} API has no stage: nobody could call it`);
  return {
    id: api.physicalId,
    properties: api.properties,
    routes,
    stage: stage.properties as unknown as StageProperties,
    responses: new Set(ofApi('AWS::ApiGatewayV2::RouteResponse').map(({ properties }) => String(properties.RouteId))),
  };
};

export const authorizerOf = (assembly: Assembly, { AuthorizerId, RouteKey }: ApiRoute): Resource => {
  const authorizer = assembly
    .resourcesOf('AWS::ApiGatewayV2::Authorizer')
    .find(({ physicalId }) => physicalId === AuthorizerId);
  if (!authorizer) throw new Error(`the route ${RouteKey} names an authorizer that does not exist`);
  return authorizer;
};
