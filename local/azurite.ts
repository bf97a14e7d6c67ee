/**
 * Runs Azurite as a child of the local stack: the package's own command, plus one thing that it lacks: it ends when
 * its parent does, however the parent ended. Arguments are Azurite's.
 */
process.on('disconnect', () => process.exit(0));

// Azurite's command reads process.argv when it is loaded.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- loading it is what starts it
require('azurite/dist/src/azurite');
