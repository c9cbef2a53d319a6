// A broker of MQTT 3.1.1 alone for tests, aedes. Arguments: FOLDER with aedes in node_modules, port.
// It says "up" once it listens, and ends with its standard input.
'use strict';

const net = require('node:net');
const path = require('node:path');

async function main() {
  const { Aedes } = await import(require.resolve('aedes', { paths: [path.resolve(process.argv[2])] }));
  const broker = await Aedes.createBroker();
  const server = net.createServer(broker.handle);
  server.listen(Number(process.argv[3]), '127.0.0.1', () => console.log('up'));
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

main();
