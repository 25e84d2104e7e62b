// Drives a daemon through the npm package `xmlrpc`; prints what came back, line by line.
'use strict';
const xmlrpc = require('xmlrpc');

// an answer that never comes fails the test
setTimeout(() => process.exit(2), 60000).unref();
const [port, user, pass] = process.argv.slice(2);
const client = xmlrpc.createClient({
  host: '127.0.0.1', port: Number(port), path: '/RPC2', basic_auth: { user, pass },
});

const call = (method, ...params) => new Promise((resolve, reject) => {
  client.methodCall(method, params, (error, value) => (error ? reject(error) : resolve(value)));
});

const faultOf = (promise) => promise.then(
  (value) => { throw new Error(`no fault: ${JSON.stringify(value)}`); },
  (error) => `${error.faultCode} ${error.faultString}`,
);

async function main() {
  console.log('state', (await call('supervisor.getState')).statename);
  console.log('methods', (await call('system.listMethods')).length);
  console.log('processes', (await call('supervisor.getAllProcessInfo')).map((p) => p.name).join(' '));
  console.log('stop', await call('supervisor.stopProcess', 'x'));
  console.log('again', await faultOf(call('supervisor.stopProcess', 'x')));
  console.log('unknown', await faultOf(call('supervisor.startProcess', 'nope')));
  console.log('start', await call('supervisor.startProcess', 'x', true));
  const calls = ['supervisor.getPID', 'supervisor.nope', 'system.multicall'];
  const results = await call('system.multicall', calls.map((methodName) => ({ methodName, params: [] })));
  console.log('multicall', typeof results[0], results[1].faultString, results[2].faultString);
  console.log('stdin', await call('supervisor.sendProcessStdin', 'x', 'grüße <&>\n'));
  for (;;) {
    const log = await call('supervisor.readProcessStdoutLog', 'x', 0, 0);
    if (log.endsWith('\n')) {
      console.log('log', log.trim());
      return;
    }
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
