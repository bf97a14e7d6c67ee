import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate } from 'selfsigned';

/** The tenant's certificate; it signs itself, so callers name `certFile` in NODE_EXTRA_CA_CERTS. */
export interface Certificate {
  readonly certFile: string;
  readonly cert: string;
  readonly key: string;
}

const day = 24 * 60 * 60 * 1000;
const validMs = 2 * 365 * day;
const renewBeforeMs = 30 * day;

/** A fresh certificate and key for localhost and 127.0.0.1, as PEM. */
export async function generateCertificate(): Promise<{ cert: string; key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + validMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { cert, key };
}

/** Makes sure that a data folder has a certificate and answers the path of its PEM file, for NODE_EXTRA_CA_CERTS. */
export async function createCertificate(dataDir: string): Promise<string> {
  return (await loadCertificate(dataDir)).certFile;
}

/**
 * The certificate of a data folder: `tenant-ca.pem`, with its key beside it in `tenant-key.pem` (mode 600). Made when
 * missing and renewed 30 days before its end.
 */
export async function loadCertificate(dataDir: string): Promise<Certificate> {
  mkdirSync(dataDir, { recursive: true });
  const certFile = join(dataDir, 'tenant-ca.pem');
  const keyFile = join(dataDir, 'tenant-key.pem');
  if (existsSync(certFile) && existsSync(keyFile)) {
    const cert = readFileSync(certFile, 'utf8');
    if (Date.parse(new X509Certificate(cert).validTo) - Date.now() > renewBeforeMs) {
      return { certFile, cert, key: readFileSync(keyFile, 'utf8') };
    }
  }
  const { cert, key } = await generateCertificate();
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(certFile, cert);
  return { certFile, cert, key };
}

if (require.main === module) {
  const { values } = parseArgs({ options: { data: { type: 'string' } } });
  if (values.data === undefined) {
    process.stderr.write('usage: certificate --data DIR\n');
    process.exitCode = 2;
  } else {
    void createCertificate(values.data).then((certFile) => process.stdout.write(`${certFile}\n`));
  }
}
