// An app that refuses to start.
throw new Error('the setting GREETING is missing');
