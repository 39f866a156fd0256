// The SDKs that people come with, each behind the same few calls.
//
//   const { text, calls, finish, tokens } = await sdk.chat(ask);       // or stream(ask)
//   ask: { baseUrl, apiKey, id, model, prompt, maxTokens, tools, extra, retries, signal, onText }
//
// The id goes along as x-request-id, `extra` as fields of the body as they are. onText hears each piece of a stream.
// `comesBack` says whether it asks again after an error that came with x-should-retry: false.
// `explain` gives what an error of the SDK shows: { status, type, code, param, message, header, isAbort }.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { concat } from '@langchain/core/utils/stream';
import { ChatOpenAI } from '@langchain/openai';
import { APICallError, RetryError, generateText, jsonSchema, streamText, tool } from 'ai';
import OpenAI6 from 'openai';
import OpenAI4 from 'openai-4';
import OpenAI7 from 'openai-7';

globalThis.AI_SDK_LOG_WARNINGS = false;

const isRetriedByHabit = (status) => [408, 409, 429].includes(status) || status >= 500;

const functionTool = ({ name, parameters }) => ({ type: 'function', function: { name, parameters } });

function openai(name, OpenAI) {
  const clientOf = ({ baseUrl, apiKey = 'whatever', id, retries = 0 }) =>
    new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: retries, defaultHeaders: { 'x-request-id': id } });
  const bodyOf = ({ model = 'smart', prompt, maxTokens, tools, extra }) => ({
    model,
    messages: [{ role: 'user', content: prompt }],
    max_tokens: maxTokens,
    ...(tools && { tools: tools.map(functionTool) }),
    ...extra,
  });
  const summary = ({ choices: [{ message, finish_reason: finish }], usage }) => ({
    text: message.content ?? '',
    calls: (message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      input: JSON.parse(call.function.arguments),
    })),
    finish,
    tokens: usage?.total_tokens,
  });
  return {
    name,
    comesBack: () => false,
    async chat(ask) {
      return summary(await clientOf(ask).chat.completions.create(bodyOf(ask), { signal: ask.signal }));
    },
    async stream(ask) {
      const { chat, beta } = clientOf(ask);
      const body = { stream: true, stream_options: { include_usage: true }, ...bodyOf(ask) };
      const stream = (chat.completions.stream ? chat : beta.chat).completions.stream(body, { signal: ask.signal });
      stream.on('content', (piece) => ask.onText?.(piece));
      return summary(await stream.finalChatCompletion());
    },
    async models(ask) {
      return (await clientOf(ask).models.list()).data.map((model) => model.id);
    },
    explain: (error) => ({
      ...error,
      message: error.message,
      header: (key) => error.headers?.get?.(key) ?? error.headers?.[key],
      isAbort: error instanceof OpenAI.APIUserAbortError,
    }),
  };
}

const ai = {
  name: 'ai 6',
  comesBack: ({ status }) => isRetriedByHabit(status), // it doesn't read x-should-retry
  asked(ask) {
    const { baseUrl, apiKey = 'whatever', id, model = 'smart', prompt, maxTokens, tools, extra } = ask;
    const provider = createOpenAICompatible({
      name: 'weir',
      baseURL: baseUrl,
      apiKey,
      headers: { 'x-request-id': id },
      includeUsage: true,
      transformRequestBody: (body) => ({ ...body, ...extra }),
    });
    const toolOf = ({ name, parameters }) => [name, tool({ inputSchema: jsonSchema(parameters) })];
    return {
      model: provider(model),
      prompt,
      maxOutputTokens: maxTokens,
      tools: tools && Object.fromEntries(tools.map(toolOf)),
      maxRetries: ask.retries ?? 0,
      abortSignal: ask.signal,
    };
  },
  summary: ({ text, toolCalls, finishReason, usage }) => ({
    text,
    calls: toolCalls.map(({ toolCallId: id, toolName: name, input }) => ({ id, name, input })),
    finish: finishReason.replace('-', '_'),
    tokens: usage.totalTokens,
  }),
  async chat(ask) {
    return ai.summary(await generateText(ai.asked(ask)));
  },
  async stream(ask) {
    const result = streamText({ ...ai.asked(ask), onError: () => {} });
    for await (const part of result.fullStream) {
      if (part.type === 'text-delta') ask.onText?.(part.text);
      if (part.type === 'error') throw part.error;
      if (part.type === 'abort') throw new DOMException('aborted', 'AbortError');
    }
    const [text, toolCalls, finishReason, usage] = await Promise.all([
      result.text,
      result.toolCalls,
      result.finishReason,
      result.usage,
    ]);
    return ai.summary({ text, toolCalls, finishReason, usage });
  },
  explain(raised) {
    const error = RetryError.isInstance(raised) ? raised.lastError : raised;
    const isAbort = error.name === 'AbortError';
    if (!APICallError.isInstance(error)) return { ...error, message: error.message, isAbort }; // an event of a stream
    return {
      status: error.statusCode,
      ...error.data?.error,
      message: error.message,
      header: (key) => error.responseHeaders?.[key],
      isAbort,
    };
  },
};

const langchain = {
  name: 'langchain 1',
  // It doesn't read x-should-retry either, but knows a quota that is gone by its code.
  comesBack: ({ status, code }) => isRetriedByHabit(status) && code !== 'insufficient_quota',
  asked({ baseUrl, apiKey = 'whatever', id, model = 'smart', maxTokens, tools, extra, retries = 0 }) {
    const chat = new ChatOpenAI({
      model,
      apiKey,
      maxTokens,
      maxRetries: retries,
      modelKwargs: extra,
      configuration: { baseURL: baseUrl, defaultHeaders: { 'x-request-id': id } },
    });
    return tools ? chat.bindTools(tools.map(functionTool)) : chat;
  },
  summary: ({ content, tool_calls: calls, response_metadata: metadata, usage_metadata: usage }) => ({
    text: content,
    calls: calls.map(({ id, name, args: input }) => ({ id, name, input })),
    finish: metadata.finish_reason,
    tokens: usage?.total_tokens,
  }),
  async chat(ask) {
    return langchain.summary(await langchain.asked(ask).invoke(ask.prompt, { signal: ask.signal }));
  },
  async stream(ask) {
    let whole;
    for await (const piece of await langchain.asked(ask).stream(ask.prompt, { signal: ask.signal })) {
      if (piece.content) ask.onText?.(piece.content);
      whole = whole ? concat(whole, piece) : piece;
    }
    return langchain.summary(whole);
  },
  explain(raised) {
    const error = raised.cause ?? raised; // it wraps one that is too long
    return {
      ...error,
      message: error.message,
      header: (key) => error.headers?.get(key),
      isAbort: /abort/i.test(raised.name + raised.message),
    };
  },
};

export const sdks = [
  openai('openai 4', OpenAI4),
  openai('openai 6', OpenAI6),
  openai('openai 7', OpenAI7),
  ai,
  langchain,
];
