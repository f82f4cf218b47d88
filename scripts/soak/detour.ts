/**
 * Loaded first into a runner and its functions (`--import detour.ts?dynamodb=PORT&runtime=PORT`): a function's process goes to DynamoDB, and
 * asks for its work, by way of the soak, which lets most of it pass (`detours.ts`). The SDK's own variable says where DynamoDB is, and
 * Lambda's own where the Runtime API is: what is deployed has no branch, no middleware and no byte for it.
 */
const parameters = new URL(import.meta.url).searchParams;
const { AWS_LAMBDA_RUNTIME_API, AWS_LAMBDA_FUNCTION_NAME } = process.env;

// The runner itself has none.
if (AWS_LAMBDA_RUNTIME_API && AWS_LAMBDA_FUNCTION_NAME) {
  const worker = AWS_LAMBDA_RUNTIME_API.split('/')[1];
  process.env.AWS_ENDPOINT_URL_DYNAMODB = `http://127.0.0.1:${parameters.get('dynamodb')}/${process.pid}`;
  process.env.AWS_LAMBDA_RUNTIME_API = `127.0.0.1:${parameters.get('runtime')}/${worker}~${process.pid}~${AWS_LAMBDA_FUNCTION_NAME}`;
}
