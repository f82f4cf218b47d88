/**
 * A Lambda's process until its first invocation: what AWS's own runtime client loads for itself, then the function, as it does, by `require`.
 * https://github.com/aws/aws-lambda-nodejs-runtime-interface-client
 */
require('node:async_hooks');
require('node:fs');
require('node:path');
require('node:stream');
require('node:util');
const { Agent } = require('node:http');

new Agent({ keepAlive: true, maxSockets: 1 });

if (typeof require(process.argv[2]).handler !== 'function') throw new Error('there is no handler');
