// A server of Node's http module with the X-Ray SDK: `/orders` calls another address and AWS, both recorded.
const AWSXRay = require('aws-xray-sdk-core');
const http = require('http');
const { XRayClient, GetGroupsCommand } = require('@aws-sdk/client-xray');

AWSXRay.middleware.setDefaultName('orders-node');
AWSXRay.captureHTTPsGlobal(http);
const client = AWSXRay.captureAWSv3Client(new XRayClient({}));

const call = (url) => new Promise((resolve, reject) => {
  http.get(url, (response) => response.on('end', resolve).resume()).on('error', reject);
});

async function orders() {
  await AWSXRay.captureAsyncFunc('load', async (part) => {
    part.addAnnotation('plan', 'gold');
    await call(`${process.env.AWS_ENDPOINT_URL_XRAY}/_local/health`);
    await client.send(new GetGroupsCommand({}));
    part.close();
  });
}

http.createServer((request, response) => {
  const segment = AWSXRay.middleware.traceRequestResponseCycle(request, response);
  const namespace = AWSXRay.getNamespace();
  namespace.run(async () => {
    AWSXRay.setSegment(segment);
    if (request.url === '/orders') await orders();
    response.end('ok');
  });
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
