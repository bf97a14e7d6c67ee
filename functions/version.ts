/** Version of the app as /health and the OpenAPI document tell it; a test keeps it equal to package.json. */
export const VERSION = '0.1.0';
