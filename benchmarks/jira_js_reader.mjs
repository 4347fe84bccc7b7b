// Reads a Jira with jira.js, which checks every answer against its own types and throws on a
// mismatch. Prints one line of JSON: how many reads were made, and what did not fit.
// Read from standard input where jira.js is installed, so that its name is found there.
import { createAgileClient, createCloudClient } from 'jira.js';
import { createClient } from 'jira.js/core';

const [host, email, apiToken, project, sprint] = process.argv.slice(2);

const client = createClient({
  host,
  auth: { type: 'basic', email, apiToken },
  onSchemaMismatch: 'throw',
});
const jira = createCloudClient(client);
const agile = createAgileClient(client);
const mismatches = [];
let reads = 0;

async function read(what, ask) {
  reads += 1;
  try {
    return await ask();
  } catch (error) {
    mismatches.push(`${what}: ${error.name}: ${String(error.message).slice(0, 400)}`);
    return undefined;
  }
}

await read('serverInfo', () => jira.serverInfo.getServerInfo());
await read('myself', () => jira.myself.getCurrentUser());
await read('project', () => jira.projects.getProject({ projectIdOrKey: project }));
await read('projects', () => jira.projects.searchProjects({}));
await read('fields', () => jira.issueFields.getFields());
await read('screens', () => jira.screens.getScreens({}));
await read('permissions', () =>
  jira.permissions.getMyPermissions({ permissions: 'BROWSE_PROJECTS,EDIT_ISSUES' }));
const custom = await read('custom fields', () =>
  jira.issueFields.getFieldsPaginated({ type: ['custom'], query: 'AI ' }));
for (const field of custom?.values ?? []) {
  await read(`contexts of ${field.id}`, () =>
    jira.issueCustomFieldContexts.getContextsForField({ fieldId: field.id }));
}

const boards = await read('boards', () => agile.board.getAllBoards({ projectKeyOrId: project }));
for (const board of boards?.values ?? []) {
  await read('board', () => agile.board.getBoard({ boardId: board.id }));
  await read('sprints', () => agile.board.getAllSprints({ boardId: board.id }));
}
await read('sprint', () => agile.sprint.getSprint({ sprintId: Number(sprint) }));

let nextPageToken;
do {
  const page = await read('search', () => jira.issueSearch.searchAndReconsileIssuesUsingJql({
    jql: `project = ${project} ORDER BY key`, fields: ['*all'], maxResults: 50, nextPageToken,
  }));
  for (const { key } of page?.issues ?? []) {
    const issueIdOrKey = key;
    await read(`issue ${key}`, () =>
      jira.issues.getIssue({ issueIdOrKey, expand: 'names,schema,changelog' }));
    await read(`comments of ${key}`, () => jira.issueComments.getComments({ issueIdOrKey }));
    await read(`changelog of ${key}`, () => jira.issues.getChangeLogs({ issueIdOrKey }));
    await read(`transitions of ${key}`, () => jira.issues.getTransitions({ issueIdOrKey }));
    await read(`edit metadata of ${key}`, () => jira.issues.getEditIssueMeta({ issueIdOrKey }));
    const names = await read(`properties of ${key}`, () =>
      jira.issueProperties.getIssuePropertyKeys({ issueIdOrKey }));
    for (const { key: propertyKey } of names?.keys ?? []) {
      await read(`property ${propertyKey} of ${key}`, () =>
        jira.issueProperties.getIssueProperty({ issueIdOrKey, propertyKey }));
    }
  }
  nextPageToken = page?.nextPageToken;
} while (nextPageToken);

console.log(JSON.stringify({ reads, mismatches }));
