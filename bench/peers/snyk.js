// Prints what snyk-docker-plugin lists in a docker-archive: one line per package, as "type<TAB>name<TAB>version".
const plugin = require('snyk-docker-plugin');

async function main(archive) {
  const { scanResults } = await plugin.scan({ path: `docker-archive:${archive}` });
  const lines = new Set();
  for (const result of scanResults) {
    for (const fact of result.facts.filter((one) => one.type === 'depGraph')) {
      const root = fact.data.rootPkg;
      for (const one of fact.data.getDepPkgs()) {
        if (one.name === root.name && one.version === root.version) continue;
        lines.add([result.identity.type, one.name, one.version || ''].join('\t'));
      }
    }
    for (const fact of result.facts.filter((one) => one.type === 'jarFingerprints')) {
      for (const jar of fact.data.fingerprints) lines.add(['jar', jar.location || '', jar.digest || ''].join('\t'));
    }
  }
  process.stdout.write([...lines].sort().join('\n') + '\n');
}

main(process.argv[2]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
