/* Runs a SavedModel from plain C: the proof that an export needs neither Python nor this package.
 *
 *   c_client [--columns N] [--counted] [--scalar INPUT=VALUE]... [--repeat N] SAVED_MODEL_DIR INPUT OUTPUT... < strings
 *
 * INPUT and OUTPUT are tensor names of one signature, as `saved_model_cli show` prints them: serving_default_text:0.
 * Every line of the standard input is one string; with --counted a string comes as its number of bytes, a colon, and
 * the bytes ("5:Harry"), so that it may hold anything, an image too. They are fed as one tensor [batch], or with
 * --columns N as [batch, N]. --scalar feeds a number to another input. Each output is printed as a line of JSON:
 *   {"output": "StatefulPartitionedCall:0", "dtype": "float32", "shape": [2, 3], "values": [0.5, ...]}   (row-major)
 * and --repeat N adds the latency of one call, in milliseconds, over N calls after a few that are not counted:
 *   {"repeat": 1000, "median_ms": 1.2, "p90_ms": 1.4}
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/tf_tstring.h"

enum { MAX_INPUTS = 16, MAX_OUTPUTS = 64, WARM_UP_CALLS = 10 };

static void fail(const char* what, const char* detail) {
  fprintf(stderr, "c_client: %s%s\n", what, detail);
  exit(1);
}

static void check(const TF_Status* status, const char* what) {
  if (TF_GetCode(status) != TF_OK) fail(what, TF_Message(status));
}

/* Finds the tensor `operation:index` (index 0 when absent) in the graph. */
static TF_Output find_tensor(TF_Graph* graph, const char* name) {
  char operation[1024];
  snprintf(operation, sizeof operation, "%s", name);
  char* colon = strrchr(operation, ':');
  int index = colon ? atoi(colon + 1) : 0;
  if (colon) *colon = '\0';
  TF_Output tensor = {TF_GraphOperationByName(graph, operation), index};
  if (!tensor.oper) fail("the graph has no operation for the tensor ", name);
  if (index < 0 || index >= TF_OperationNumOutputs(tensor.oper)) fail("the graph has no tensor ", name);
  return tensor;
}

/* Reads one string, "5:Harry" if counted, else a line; returns its size, or -1 at the end of the input. */
static ssize_t read_string(FILE* stream, int counted, char** bytes) {
  size_t allocated = 0;
  *bytes = NULL;
  if (!counted) {
    ssize_t size = getdelim(bytes, &allocated, '\n', stream);
    return size > 0 && (*bytes)[size - 1] == '\n' ? size - 1 : size;
  }
  long long size;
  int found = fscanf(stream, "%lld", &size);
  if (found == EOF) return -1;
  if (found != 1 || size < 0 || fgetc(stream) != ':') fail("--counted: expected the number of bytes and a colon", "");
  *bytes = malloc(size + 1);
  if (!*bytes) fail("out of memory", "");
  if (fread(*bytes, 1, size, stream) != (size_t)size) fail("--counted: the input ends within a string", "");
  (*bytes)[size] = '\0'; /* some operations take a view for a C string */
  return size;
}

/* Reads strings up to the end of the input. The tensor views their bytes, which live as long as the process. */
static TF_Tensor* read_strings(FILE* stream, int counted, int64_t columns) {
  TF_TString* strings = NULL;
  int64_t count = 0, capacity = 0;
  char* bytes;
  for (ssize_t size; (size = read_string(stream, counted, &bytes)) >= 0;) {
    if (count == capacity) {
      capacity = capacity ? 2 * capacity : 64;
      strings = realloc(strings, capacity * sizeof *strings);
      if (!strings) fail("out of memory", "");
    }
    TF_StringInit(&strings[count]);
    TF_StringAssignView(&strings[count++], bytes, size);
  }
  if (columns > 0 && count % columns) fail("the number of strings is not a multiple of --columns", "");
  int64_t shape[2] = {columns > 0 ? count / columns : count, columns};
  size_t size = count * sizeof *strings;
  TF_Tensor* tensor = TF_AllocateTensor(TF_STRING, shape, columns > 0 ? 2 : 1, size);
  if (count) memcpy(TF_TensorData(tensor), strings, size);
  free(strings);
  return tensor;
}

/* Makes a scalar of the type that an input takes. */
static TF_Tensor* make_scalar(TF_Output input, const char* value) {
  TF_DataType type = TF_OperationOutputType(input);
  TF_Tensor* tensor = TF_AllocateTensor(type, NULL, 0, TF_DataTypeSize(type));
  void* data = TF_TensorData(tensor);
  switch (type) {
    case TF_INT32: *(int32_t*)data = atoi(value); break;
    case TF_INT64: *(int64_t*)data = atoll(value); break;
    case TF_FLOAT: *(float*)data = strtof(value, NULL); break;
    case TF_DOUBLE: *(double*)data = atof(value); break;
    case TF_BOOL: *(unsigned char*)data = !strcmp(value, "true"); break;
    default: fail("--scalar: the input takes no number: ", value);
  }
  return tensor;
}

static void print_string(const TF_TString* string) {
  const unsigned char* bytes = (const unsigned char*)TF_StringGetDataPointer(string);
  size_t size = TF_StringGetSize(string);
  putchar('"');
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] == '"' || bytes[i] == '\\') printf("\\%c", bytes[i]);
    else if (bytes[i] < 0x20) printf("\\u%04x", bytes[i]);
    else putchar(bytes[i]); /* UTF-8 goes through as it is */
  }
  putchar('"');
}

static void print_float(double value, int digits) {
  if (isnan(value)) printf("NaN");
  else if (isinf(value)) printf(value > 0 ? "Infinity" : "-Infinity");
  else printf("%.*g", digits, value);
}

static const char* type_name(TF_DataType type) {
  switch (type) {
    case TF_STRING: return "string";
    case TF_INT32: return "int32";
    case TF_INT64: return "int64";
    case TF_FLOAT: return "float32";
    case TF_DOUBLE: return "float64";
    case TF_BOOL: return "bool";
    default: fail("an output's type is none of string, int32, int64, float32, float64, bool", ""); return NULL;
  }
}

static void print_value(TF_DataType type, const void* data, int64_t i) {
  switch (type) {
    case TF_STRING: print_string((const TF_TString*)data + i); break;
    case TF_INT32: printf("%d", ((const int32_t*)data)[i]); break;
    case TF_INT64: printf("%lld", (long long)((const int64_t*)data)[i]); break;
    case TF_FLOAT: print_float(((const float*)data)[i], 9); break;
    case TF_DOUBLE: print_float(((const double*)data)[i], 17); break;
    default: printf(((const unsigned char*)data)[i] ? "true" : "false");
  }
}

static void print_tensor(const char* name, const TF_Tensor* tensor) {
  TF_DataType type = TF_TensorType(tensor);
  printf("{\"output\": \"%s\", \"dtype\": \"%s\", \"shape\": [", name, type_name(type));
  for (int d = 0; d < TF_NumDims(tensor); d++) printf("%s%lld", d ? ", " : "", (long long)TF_Dim(tensor, d));
  printf("], \"values\": [");
  const void* data = TF_TensorData(tensor);
  for (int64_t i = 0; i < TF_TensorElementCount(tensor); i++) {
    if (i) printf(", ");
    print_value(type, data, i);
  }
  printf("]}\n");
}

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec * 1e-6;
}

static int ascending(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  int64_t columns = 0, repeat = 0;
  int counted = 0, inputs = 1, first = 1;
  char* scalars[MAX_INPUTS];
  for (; first < argc && !strncmp(argv[first], "--", 2); first++) {
    if (!strcmp(argv[first], "--counted")) counted = 1;
    else if (!strcmp(argv[first], "--scalar") && first + 1 < argc && inputs < MAX_INPUTS) scalars[inputs++] = argv[++first];
    else if (!strcmp(argv[first], "--columns") && first + 1 < argc) columns = atoll(argv[++first]);
    else if (!strcmp(argv[first], "--repeat") && first + 1 < argc) repeat = atoll(argv[++first]);
    else fail("unknown option ", argv[first]);
  }
  char** names = argv + first + 2;
  int outputs = argc - first - 2;
  if (outputs < 1 || outputs > MAX_OUTPUTS)
    fail("usage: [--columns N] [--counted] [--scalar INPUT=VALUE]... [--repeat N] SAVED_MODEL_DIR INPUT OUTPUT...", "");

  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_SessionOptions* options = TF_NewSessionOptions();
  const char* tags[] = {"serve"};
  TF_Session* session = TF_LoadSessionFromSavedModel(options, NULL, argv[first], tags, 1, graph, NULL, status);
  check(status, "cannot load the SavedModel: ");

  TF_Output fed[MAX_INPUTS] = {find_tensor(graph, argv[first + 1])}, fetches[MAX_OUTPUTS];
  TF_Tensor* values[MAX_INPUTS] = {read_strings(stdin, counted, columns)};
  for (int i = 1; i < inputs; i++) {
    char* value = strchr(scalars[i], '=');
    if (!value) fail("--scalar takes INPUT=VALUE, not ", scalars[i]);
    *value++ = '\0';
    fed[i] = find_tensor(graph, scalars[i]);
    values[i] = make_scalar(fed[i], value);
  }
  for (int i = 0; i < outputs; i++) fetches[i] = find_tensor(graph, names[i]);

  double* elapsed = malloc((repeat > 0 ? repeat : 1) * sizeof *elapsed);
  if (!elapsed) fail("out of memory", "");
  int64_t uncounted = repeat > 0 ? WARM_UP_CALLS : 0, calls = repeat > 0 ? uncounted + repeat : 1;
  for (int64_t call = 0; call < calls; call++) {
    TF_Tensor* results[MAX_OUTPUTS] = {NULL};
    double start = now_ms();
    TF_SessionRun(session, NULL, fed, values, inputs, fetches, results, outputs, NULL, 0, NULL, status);
    double end = now_ms();
    check(status, "the model failed: ");
    if (repeat > 0 && call >= uncounted) elapsed[call - uncounted] = end - start;
    for (int i = 0; i < outputs; i++) {
      if (call == calls - 1) print_tensor(names[i], results[i]);
      TF_DeleteTensor(results[i]);
    }
  }
  if (repeat > 0) {
    qsort(elapsed, repeat, sizeof *elapsed, ascending);
    printf("{\"repeat\": %lld, \"median_ms\": %.4f, \"p90_ms\": %.4f}\n", (long long)repeat, elapsed[repeat / 2],
           elapsed[repeat * 9 / 10]);
  }

  free(elapsed);
  for (int i = 0; i < inputs; i++) TF_DeleteTensor(values[i]);
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
