import { Router } from '../../local/host/router';

const routes = [
  ['api/items/{id}', 'GET'],
  ['api/items/special', 'GET'],
  ['api/items/special', 'POST'],
  ['api/items/{id}/{part?}', 'PATCH'],
  ['api/{*rest}', 'GET'],
  ['api/{*rest}', 'DELETE'],
  ['api/items/{id}', 'PUT'],
] as const;
const router = new Router(
  routes.map(([template, method]) => ({ template, methods: [method], target: `${method} ${template}` })),
);

test.each([
  ['GET', 'api/items/special', 'GET api/items/special', {}],
  ['GET', 'API/Items/SPECIAL', 'GET api/items/special', {}],
  ['GET', 'api/items/5', 'GET api/items/{id}', { id: '5' }],
  ['GET', 'api/items/5/', 'GET api/items/{id}', { id: '5' }],
  ['GET', 'api/items/a%2Fb%20c', 'GET api/items/{id}', { id: 'a/b c' }],
  ['GET', 'api/items/5/more', 'GET api/{*rest}', { rest: 'items/5/more' }],
  ['GET', 'api', 'GET api/{*rest}', {}],
  // The methods of the more specific routes do not fit, so the catch-all answers.
  ['DELETE', 'api/items/special', 'DELETE api/{*rest}', { rest: 'items/special' }],
  ['PATCH', 'api/items/5', 'PATCH api/items/{id}/{part?}', { id: '5' }],
  ['PATCH', 'api/items/5/name', 'PATCH api/items/{id}/{part?}', { id: '5', part: 'name' }],
])('%s %s → %s', (method, path, target, params) => {
  expect(router.match(method, path)).toEqual({ target, params });
});

test.each([
  ['POST', 'api/items/5'],
  ['GET', 'other'],
  ['GET', ''],
  ['PUT', 'api/items//'],
  ['GET', 'api/%E0%A4%A'],
])('%s %j has no function', (method, path) => {
  expect(router.match(method, path)).toBeUndefined();
});

test.each(['items/{id:int}', 'a/{*rest}/b', 'a/x{id}'])('refuses the template %s', (template) => {
  expect(() => new Router([{ template, methods: ['GET'], target: '' }])).toThrow('not supported');
});
