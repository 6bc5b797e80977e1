// Prints what snyk-docker-plugin lists in an archive (`docker-archive:PATH` or `oci-archive:PATH`): one line per
// package, as "type<TAB>name<TAB>version<TAB>file that states it". Jars, which Snyk names by their hashes on its
// servers, are lines of type "jar" with the path as name.
const plugin = require('snyk-docker-plugin');

async function main(archive) {
  const { scanResults } = await plugin.scan({ path: archive });
  const lines = new Set();
  for (const result of scanResults) {
    const { type, targetFile } = result.identity;
    for (const fact of result.facts.filter((one) => one.type === 'depGraph')) {
      const root = fact.data.rootPkg;
      for (const one of fact.data.getDepPkgs()) {
        if (one.name === root.name && one.version === root.version) continue;
        lines.add([type, one.name, one.version || '', targetFile || ''].join('\t'));
      }
    }
    for (const fact of result.facts.filter((one) => one.type === 'jarFingerprints')) {
      for (const jar of fact.data.fingerprints) lines.add(['jar', jar.location || '', '', jar.location || ''].join('\t'));
    }
  }
  process.stdout.write([...lines].sort().join('\n') + '\n');
}

main(process.argv[2]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
