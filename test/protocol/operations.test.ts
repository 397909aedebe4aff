import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classicCommands, commandByCode, commandByOperation, sharedCommands, vsrCommands } from '../../src/protocol/commands/registry.ts';
import {
  answeredOperation,
  codeOfOperation,
  hasResultSection,
  isClientOperation,
  isInternalOperation,
  Operation,
  operationOfCode,
  replyOperation,
} from '../../src/protocol/operations.ts';

const bytes = Array.from({ length: 256 }, (_, operation) => operation);

test('operation and classic code lead to each other', () => {
  for (const operation of bytes) {
    const code = codeOfOperation(operation);
    if (code !== undefined) assert.equal(operationOfCode(code), operation);
  }
  assert.equal(operationOfCode(45), Operation.register);
  assert.equal(operationOfCode(100), undefined);
  assert.equal(codeOfOperation(Operation.nonReplicated), undefined);
});

test('the three kinds of operation are disjoint and complete', () => {
  const declared = new Set<number>(Object.values(Operation));
  for (const operation of bytes) {
    assert.equal(isClientOperation(operation) || isInternalOperation(operation), declared.has(operation));
    assert.ok(!(isClientOperation(operation) && isInternalOperation(operation)));
  }
});

test('reads, logout and sends have no result section; deleting segments has one under the byte of its reply alone', () => {
  for (const operation of [0, 2, 3, 138, 150, 160, 255]) assert.ok(!hasResultSection(operation), `operation ${operation}`);
  for (const operation of [1, 64, 65, 66, 67, 68, 128, 132, 137, 139, 149, 161, 162])
    assert.ok(hasResultSection(operation), `operation ${operation}`);
  assert.equal(replyOperation(138), 68);
});

test('only three operations are answered under another byte', () => {
  const changed = bytes.filter((operation) => replyOperation(operation) !== operation);
  assert.deepEqual(changed, [132, 136, 138]);
  assert.deepEqual(changed.map(replyOperation), [64, 65, 68]);
  for (const operation of changed) assert.equal(answeredOperation(replyOperation(operation)), operation);
  for (const operation of [1, 2, 128, 160]) assert.equal(answeredOperation(operation), operation);
});

test('every command is found by its code in its generation, and by its operation if it has one', () => {
  for (const command of sharedCommands) {
    assert.equal(commandByCode(command.code, 'classic'), command);
    assert.equal(commandByCode(command.code, 'vsr'), command);
  }
  for (const command of classicCommands) {
    assert.equal(commandByCode(command.code, 'classic'), command);
    assert.equal(commandByCode(command.code, 'vsr'), undefined);
  }
  for (const command of vsrCommands) {
    assert.equal(commandByCode(command.code, 'vsr'), command);
    assert.equal(commandByCode(command.code, 'classic'), undefined);
  }
  for (const operation of bytes) {
    const command = commandByOperation(operation);
    assert.equal(command !== undefined, isClientOperation(operation) && operation !== Operation.nonReplicated, `operation ${operation}`);
    assert.equal(command?.code, codeOfOperation(operation));
  }
});

test('there are 47 classic commands, and each code of a VSR operation belongs to a command with that operation', () => {
  assert.equal(sharedCommands.length + classicCommands.length, 47);
  for (const command of [...sharedCommands, ...vsrCommands]) {
    assert.equal(command.operation, operationOfCode(command.code) ?? Operation.nonReplicated, command.name);
  }
});
