// A node-opcua server as the tests want one: loopback, any free port, SignAndEncrypt only, user "lanewise" with "a password".
// Sessions whose clients went without a word stay for long: it has room for many.
//
//   const server = await secureServer(folder, name, trustedCertificates, options)   // initialized, not started
//   await serve(server)                                                             // started; says where, ends with stdin
"use strict";
const fs = require("fs");
const net = require("net");
const path = require("path");
const ua = require("node-opcua");

function freePort() {
    return new Promise((resolve) => {
        const probe = net.createServer().listen(0, "127.0.0.1", () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

// A folder of certificates that trusts those given, with one of its own for application `uri` in own.pem.
async function certificates(folder, uri, trusted) {
    const manager = new ua.OPCUACertificateManager({ rootFolder: folder, automaticallyAcceptUnknownCertificate: false });
    await manager.initialize();
    for (const file of trusted) await manager.trustCertificate(fs.readFileSync(file));
    const file = path.join(folder, "own.pem");
    await manager.createSelfSignedCertificate({
        applicationUri: uri, subject: `/CN=${uri.split(":").pop()}`, startDate: new Date(Date.now() - 60000), validity: 30,
        dns: ["localhost"], ip: ["127.0.0.1"], outputFile: file,
    });
    return [manager, file];
}

async function secureServer(folder, name, trusted, options = {}) {
    const uri = `urn:test:${name}`;
    const [manager, certificateFile] = await certificates(folder, uri, trusted);
    const server = new ua.OPCUAServer({
        port: await freePort(), host: "127.0.0.1", hostname: "127.0.0.1",
        certificateFile, privateKeyFile: manager.privateKey,
        serverCertificateManager: manager, userCertificateManager: manager,
        serverInfo: { applicationUri: uri, applicationName: { text: name } },
        securityModes: [ua.MessageSecurityMode.SignAndEncrypt],
        securityPolicies: [ua.SecurityPolicy.Basic256Sha256],
        allowAnonymous: false, serverCapabilities: { maxSessions: 1000 },
        userManager: { isValidUser: (user, password) => user === "lanewise" && password === "a password" },
        ...options,
    });
    await server.initialize();
    return server;
}

async function serve(server) {
    await server.start();
    console.log(`listening ${server.getEndpointUrl()}`);
    console.log(`certificate ${server.certificateFile}`);
    process.stdin.on("end", () => process.exit(0)).resume();
}

function run(main) {
    main().catch((error) => {
        console.error(error);
        process.exit(1);
    });
}

module.exports = { certificates, secureServer, serve, run };
