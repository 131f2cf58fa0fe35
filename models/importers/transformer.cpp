// Operators of a transformer from its ModelConfig.
#include <algorithm>
#include <cmath>
#include <initializer_list>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text/enum_names.h"
#include "models/importers/block_names.h"
#include "models/importers/hugging_face.h"

namespace cairn::models {
namespace {

/// Operator that a block reads from the outside: the one just before the block.
constexpr std::int32_t kBlockInput = -1;

constexpr std::int64_t kMostTokens = std::int64_t{1} << 36;

std::int64_t times(std::int64_t a, std::int64_t b) {
  return (Bits{a} * Quantity<Dim{}, std::int64_t>{b}).count();
}

/// A part of the operator list with edges and fusions numbered from its own start.
struct Fragment {
  std::vector<Operator> operators;
  std::vector<Edge> edges;
  std::vector<FusionGroup> fusions;
  std::int64_t idle_parameters{0};

  std::int32_t add(std::string_view group, Shape shape, std::int64_t parameters,
                   const std::vector<std::int32_t>& inputs) {
    const auto index = static_cast<std::int32_t>(operators.size());
    Operator op;
    op.group = group;
    op.shape = shape;
    op.parameters = parameters;
    operators.push_back(std::move(op));
    for (const std::int32_t input : inputs) {
      edges.push_back({.from = input, .to = index});
    }
    return index;
  }
  void fuse(FusionKind kind, std::vector<std::int32_t> members) {
    fusions.push_back({.kind = kind, .operators = std::move(members)});
  }
};

/// Sizes of one pass.
struct Pass {
  Phase phase{};
  std::int64_t batch{};
  std::int64_t queries{};      ///< new tokens per sequence
  std::int64_t keys{};         ///< keys per sequence, the new ones included
  std::int64_t tokens{};       ///< batch x queries
  std::int64_t head_tokens{};  ///< tokens that go through the language head
  std::int64_t ranks{1};       ///< devices that share every block
  std::int64_t groups{1};      ///< groups of them that share the sequences
  std::int64_t all_batch{};    ///< sequences of all groups
  std::int64_t all_tokens{};   ///< tokens of all groups
  std::int64_t expert_parts{1};
  bool spread_experts{false};
  std::int64_t prompts{0};       ///< mixed: sequences of this group that read their prompt
  std::int64_t prompt_tokens{};  ///< of each
  std::int64_t stages{1};        ///< groups of them, with a run of blocks each
};

class TransformerBuilder {
 public:
  TransformerBuilder(const ModelConfig& config, const Pass& pass) : config_(config), pass_(pass) {}

  [[nodiscard]] Fragment before_blocks() const;
  /// \param experts_here whether the block has experts, in a model that has some.
  [[nodiscard]] Fragment block(std::int64_t window, bool experts_here) const;
  [[nodiscard]] Fragment after_blocks() const;
  /// Activations from the stage before \p stage to it.
  [[nodiscard]] Fragment hand_over(std::int64_t stage) const;

 private:
  [[nodiscard]] MatMul linear(std::int64_t n, std::int64_t k) const {
    return {.m = pass_.tokens, .n = n, .k = k};
  }
  [[nodiscard]] Elementwise elementwise(ElementwiseKind kind, std::int64_t columns,
                                        std::int64_t inputs) const {
    return {.kind = kind, .rows = pass_.tokens, .columns = columns, .inputs = inputs};
  }
  static std::int64_t linear_parameters(std::int64_t n, std::int64_t k, bool bias) {
    return times(n, k) + (bias ? n : 0);
  }
  /// Joins what the ranks made of \p input; of one rank nothing.
  std::int32_t collective(Fragment& part, CollectiveKind kind, std::string_view group,
                          std::int64_t elements, std::int32_t input) const;
  std::int32_t norm(Fragment& part, std::string_view group, std::int32_t input) const;
  std::int32_t attention(Fragment& part, std::int32_t input, std::int64_t window) const;
  std::int32_t mlp(Fragment& part, std::int32_t input, std::int32_t residual) const;
  std::int32_t experts(Fragment& part, std::int32_t input, std::int32_t residual) const;
  std::int32_t average_experts(Fragment& part, std::int32_t input, std::int32_t routing,
                               std::int64_t inner) const;
  std::vector<std::int32_t> single_experts(Fragment& part, std::int32_t input, std::int32_t routing,
                                           std::int64_t inner) const;
  std::int32_t dispatch(Fragment& part, std::int32_t input) const;
  std::int32_t give_back(Fragment& part, std::int32_t output) const;
  /// Devices that share each expert.
  [[nodiscard]] std::int64_t expert_cut() const {
    return pass_.ranks * pass_.groups / pass_.expert_parts;
  }

  const ModelConfig& config_;
  const Pass& pass_;
};

std::int32_t TransformerBuilder::collective(Fragment& part, CollectiveKind kind,
                                            std::string_view group, std::int64_t elements,
                                            std::int32_t input) const {
  if (pass_.ranks == 1) {
    return input;
  }
  return part.add(group, Collective{.kind = kind, .elements = elements, .ranks = pass_.ranks}, 0,
                  {input});
}

std::int32_t TransformerBuilder::norm(Fragment& part, std::string_view group,
                                      std::int32_t input) const {
  const bool rms = config_.llama_family();
  const std::int64_t vectors = config_.norm_affine ? (rms ? 1 : 2) : 0;
  return part.add(
      group,
      Normalization{.kind = rms ? NormalizationKind::rms_norm : NormalizationKind::layer_norm,
                    .rows = pass_.tokens,
                    .columns = config_.hidden},
      vectors * config_.hidden, {input});
}

Fragment TransformerBuilder::before_blocks() const {
  Fragment part;
  const std::int64_t hidden = config_.hidden;
  const std::int64_t tokens = pass_.tokens;
  const auto table = [&](std::string_view group, std::int64_t rows, std::int64_t width) {
    return part.add(group, Embedding{.tokens = tokens, .width = width, .vocabulary = rows},
                    times(rows, width), {});
  };
  switch (config_.architecture) {
    case Architecture::gpt2: {
      const std::int32_t token = table("wte", config_.vocabulary, hidden);
      const std::int32_t position = table("wpe", config_.positions, hidden);
      part.add("embedding_sum", elementwise(ElementwiseKind::add, hidden, 2), 0, {token, position});
      break;
    }
    case Architecture::opt: {
      std::int32_t token = table("embed_tokens", config_.vocabulary, config_.embedding_width);
      // OPTLearnedPositionalEmbedding keeps two more rows than positions.
      const std::int32_t position = table("embed_positions", config_.positions + 2, hidden);
      if (config_.embedding_width != hidden) {
        token = part.add("project_in", linear(hidden, config_.embedding_width),
                         linear_parameters(hidden, config_.embedding_width, false), {token});
      }
      part.add("embedding_sum", elementwise(ElementwiseKind::add, hidden, 2), 0, {token, position});
      break;
    }
    case Architecture::bert: {
      const std::int32_t token = table("embeddings.word_embeddings", config_.vocabulary, hidden);
      const std::int32_t position =
          table("embeddings.position_embeddings", config_.positions, hidden);
      const std::int32_t type =
          table("embeddings.token_type_embeddings", config_.token_types, hidden);
      const std::int32_t sum =
          part.add("embeddings.sum", elementwise(ElementwiseKind::add, hidden, 3), 0,
                   {token, position, type});
      norm(part, "embeddings.LayerNorm", sum);
      break;
    }
    case Architecture::vit: {
      const std::int32_t patches = part.add(
          "embeddings.patch_embeddings.projection",
          Convolution{.batch = pass_.batch,
                      .height = config_.image_height,
                      .width = config_.image_width,
                      .channels = config_.image_channels,
                      .filters = hidden,
                      .kernel_height = config_.patch_height,
                      .kernel_width = config_.patch_width,
                      .stride_height = config_.patch_height,
                      .stride_width = config_.patch_width},
          linear_parameters(
              hidden,
              times(config_.image_channels, times(config_.patch_height, config_.patch_width)),
              true),
          {});
      // The class token and one learned vector for each position.
      part.add("embeddings.position_embeddings", elementwise(ElementwiseKind::add, hidden, 2),
               times(config_.image_tokens() + 1, hidden), {patches});
      break;
    }
    default: {
      // Each rank looks up the tokens of its part of the table; the sum has all of them.
      const std::int32_t token =
          table("embed_tokens", ceil_div(config_.vocabulary, pass_.ranks), hidden);
      collective(part, CollectiveKind::all_reduce, "embed_tokens.all_reduce", times(tokens, hidden),
                 token);
    }
  }
  return part;
}

std::int32_t TransformerBuilder::attention(Fragment& part, std::int32_t input,
                                           std::int64_t window) const {
  const BlockNames& names = names_of(config_.architecture);
  const std::int64_t hidden = config_.hidden;
  const std::int64_t heads = config_.heads / pass_.ranks;
  const std::int64_t kv_heads = std::max<std::int64_t>(config_.kv_heads / pass_.ranks, 1);
  const std::int64_t q_width = heads * config_.head_dim;
  const std::int64_t kv_width = kv_heads * config_.head_dim;
  const Attention shape{.batch = pass_.batch,
                        .heads = heads,
                        .kv_heads = kv_heads,
                        .head_dim = config_.head_dim,
                        .queries = pass_.queries,
                        .context = pass_.keys,
                        .causal = !config_.encoder_only(),
                        .window = window};
  const auto project = [&](std::string_view group, std::int64_t width) {
    return part.add(group, linear(width, hidden),
                    linear_parameters(width, hidden, config_.qkv_bias), {input});
  };
  std::vector<std::int32_t> made;
  if (names.k.empty()) {
    const std::int32_t qkv = project(names.q, q_width + 2 * kv_width);
    made = {qkv};
  } else {
    std::int32_t q = project(names.q, q_width);
    std::int32_t k = project(names.k, kv_width);
    const std::int32_t v = project(names.v, kv_width);
    if (config_.llama_family()) {
      const std::int32_t q_matmul = q;
      const std::int32_t k_matmul = k;
      q = part.add("self_attn.q_rotary", elementwise(ElementwiseKind::rotary, q_width, 1), 0, {q});
      k = part.add("self_attn.k_rotary", elementwise(ElementwiseKind::rotary, kv_width, 1), 0, {k});
      part.fuse(FusionKind::epilogue, {q_matmul, q});
      part.fuse(FusionKind::epilogue, {k_matmul, k});
    }
    made = {q, k, v};
  }
  std::vector<std::int32_t> scores;
  if (shape.batch > 0) {
    scores.push_back(part.add(names.attention, shape, 0, made));
    part.fuse(FusionKind::attention, {scores.back()});
  }
  if (pass_.prompts > 0) {  // prompts beside generated tokens: neither needs the other
    Attention prompt = shape;
    prompt.batch = pass_.prompts;
    prompt.queries = prompt.context = pass_.prompt_tokens;
    scores.push_back(part.add(std::string{names.attention} + "_prompt", prompt, 0, made));
    part.fuse(FusionKind::attention, {scores.back()});
  }
  const std::int32_t projected =
      part.add(names.o, linear(hidden, q_width),
               linear_parameters(hidden, q_width, config_.output_bias), scores);
  return collective(part, CollectiveKind::all_reduce, "attention.all_reduce",
                    times(pass_.tokens, hidden), projected);
}

std::int32_t TransformerBuilder::mlp(Fragment& part, std::int32_t input,
                                     std::int32_t residual) const {
  const BlockNames& names = names_of(config_.architecture);
  const std::int64_t hidden = config_.hidden;
  const std::int64_t inner = config_.intermediate / pass_.ranks;
  const std::int64_t up_parameters = linear_parameters(inner, hidden, config_.mlp_bias);
  std::int32_t act = 0;
  if (config_.llama_family() && config_.gated) {
    const std::int32_t gate =
        part.add("mlp.gate_proj", linear(inner, hidden), up_parameters, {input});
    const std::int32_t up = part.add(names.up, linear(inner, hidden), up_parameters, {input});
    act = part.add(names.act, elementwise(config_.activation, inner, 2), 0, {gate, up});
    part.fuse(FusionKind::gate_up, {gate, up, act});
  } else {
    const std::int32_t up = part.add(names.up, linear(inner, hidden), up_parameters, {input});
    act = part.add(names.act, elementwise(config_.activation, inner, 1), 0, {up});
    part.fuse(FusionKind::epilogue, {up, act});
  }
  const std::int32_t down = part.add(names.down, linear(hidden, inner),
                                     linear_parameters(hidden, inner, config_.mlp_bias), {act});
  const std::int32_t whole = collective(part, CollectiveKind::all_reduce, "mlp.all_reduce",
                                        times(pass_.tokens, hidden), down);
  const std::int32_t sum =
      part.add(names.residual2, elementwise(ElementwiseKind::add, hidden, 2), 0, {whole, residual});
  if (whole == down) {  // an exchange between devices ends the kernel
    part.fuse(FusionKind::epilogue, {down, sum});
  }
  return sum;
}

std::int32_t TransformerBuilder::average_experts(Fragment& part, std::int32_t input,
                                                 std::int32_t routing, std::int64_t inner) const {
  const std::int64_t hidden = config_.hidden;
  const std::int64_t chosen = config_.experts_per_token;
  const std::int64_t own = config_.experts / pass_.expert_parts;
  const std::int64_t used = std::clamp<std::int64_t>(
      ceil_div(expected_experts(config_.experts, chosen, pass_.all_tokens), pass_.expert_parts), 1,
      own);
  const std::int64_t taken = ceil_div(times(pass_.all_tokens, chosen), pass_.expert_parts);
  const std::int64_t rows = ceil_div(taken, used);
  const auto grouped = [&](std::string_view group, std::int64_t n, std::int64_t k,
                           const std::vector<std::int32_t>& inputs) {
    return part.add(group,
                    MatMul{.batch = used, .m = rows, .n = n, .k = k, .distinct_weights = true},
                    times(used, times(n, k)), inputs);
  };
  const auto activation = [&](std::int64_t inputs) {
    return Elementwise{
        .kind = config_.activation, .rows = taken, .columns = inner, .inputs = inputs};
  };
  part.idle_parameters += times(own - used, (config_.gated ? 3 : 2) * times(inner, hidden));
  const std::int32_t first =
      grouped("block_sparse_moe.experts.w1", inner, hidden, {input, routing});
  std::int32_t act = 0;
  if (config_.gated) {
    const std::int32_t up = grouped("block_sparse_moe.experts.w3", inner, hidden, {input, routing});
    act = part.add("block_sparse_moe.experts.act_fn", activation(2), 0, {first, up});
    part.fuse(FusionKind::gate_up, {first, up, act});
  } else {
    act = part.add("block_sparse_moe.experts.act_fn", activation(1), 0, {first});
    part.fuse(FusionKind::epilogue, {first, act});
  }
  return grouped("block_sparse_moe.experts.w2", hidden, inner, {act});
}

/// Every expert of the busiest device by itself, the busiest first. Experts do not need each other.
std::vector<std::int32_t> TransformerBuilder::single_experts(Fragment& part, std::int32_t input,
                                                             std::int32_t routing,
                                                             std::int64_t inner) const {
  const std::int64_t hidden = config_.hidden;
  const std::vector<std::int64_t> loads = expert_loads(config_.experts, config_.experts_per_token,
                                                       pass_.all_tokens, pass_.expert_parts);
  std::vector<std::int32_t> outputs;
  std::int64_t number = 0;
  for (const std::int64_t rows : loads) {
    if (rows == 0) {
      part.idle_parameters += (config_.gated ? 3 : 2) * times(inner, hidden);
      continue;
    }
    const std::string suffix = fmt::format(".{}", number++);
    const auto product = [&](std::string_view group, std::int64_t n, std::int64_t k,
                             const std::vector<std::int32_t>& inputs) {
      const std::int32_t index = part.add(
          group, MatMul{.m = rows, .n = n, .k = k, .distinct_weights = true}, times(n, k), inputs);
      part.operators.back().name = suffix;
      return index;
    };
    const auto activation = [&](const std::vector<std::int32_t>& inputs) {
      const std::int32_t index =
          part.add("block_sparse_moe.experts.act_fn",
                   Elementwise{.kind = config_.activation,
                               .rows = rows,
                               .columns = inner,
                               .inputs = static_cast<std::int64_t>(inputs.size())},
                   0, inputs);
      part.operators.back().name = suffix;
      return index;
    };
    const std::int32_t first =
        product("block_sparse_moe.experts.w1", inner, hidden, {input, routing});
    std::int32_t act = 0;
    if (config_.gated) {
      const std::int32_t up =
          product("block_sparse_moe.experts.w3", inner, hidden, {input, routing});
      act = activation({first, up});
      part.fuse(FusionKind::gate_up, {first, up, act});
    } else {
      act = activation({first});
      part.fuse(FusionKind::epilogue, {first, act});
    }
    outputs.push_back(product("block_sparse_moe.experts.w2", hidden, inner, {act}));
  }
  return outputs;
}

/// Brings the tokens of all groups to the devices of their experts.
std::int32_t TransformerBuilder::dispatch(Fragment& part, std::int32_t input) const {
  if (pass_.groups == 1) {  // every device of the one group has all tokens
    return input;
  }
  const std::int64_t chosen = config_.experts_per_token;
  std::int32_t last = part.add(
      "block_sparse_moe.dispatch",
      Collective{
          .kind = CollectiveKind::all_to_all,
          .elements = ceil_div(times(times(pass_.tokens, chosen), config_.hidden), pass_.ranks),
          .ranks = pass_.ranks * pass_.groups},
      0, {input});
  if (expert_cut() > 1) {
    last = part.add(
        "block_sparse_moe.dispatch_gather",
        Collective{.kind = CollectiveKind::all_gather,
                   .elements = ceil_div(times(times(pass_.all_tokens, chosen), config_.hidden),
                                        pass_.expert_parts),
                   .ranks = expert_cut()},
        0, {last});
  }
  return last;
}

/// Sums the experts' outputs where their tokens live.
std::int32_t TransformerBuilder::give_back(Fragment& part, std::int32_t output) const {
  if (pass_.groups == 1) {
    return collective(part, CollectiveKind::all_reduce, "block_sparse_moe.all_reduce",
                      times(pass_.tokens, config_.hidden), output);
  }
  const std::int64_t chosen = config_.experts_per_token;
  std::int32_t last = output;
  if (expert_cut() > 1) {
    last = part.add(
        "block_sparse_moe.return_reduce",
        Collective{.kind = CollectiveKind::reduce_scatter,
                   .elements = ceil_div(times(times(pass_.all_tokens, chosen), config_.hidden),
                                        pass_.expert_parts),
                   .ranks = expert_cut()},
        0, {last});
  }
  last = part.add("block_sparse_moe.return",
                  Collective{.kind = CollectiveKind::all_to_all,
                             .elements = ceil_div(
                                 times(times(pass_.tokens, chosen), config_.hidden), pass_.ranks),
                             .ranks = pass_.ranks * pass_.groups},
                  0, {last});
  return collective(part, CollectiveKind::all_gather, "block_sparse_moe.return_gather",
                    times(pass_.tokens, config_.hidden), last);
}

std::int32_t TransformerBuilder::experts(Fragment& part, std::int32_t input,
                                         std::int32_t residual) const {
  const std::int64_t hidden = config_.hidden;
  const std::int64_t inner = config_.intermediate / expert_cut();
  const std::int64_t chosen = config_.experts_per_token;
  const std::int32_t router = part.add("block_sparse_moe.gate", linear(config_.experts, hidden),
                                       times(config_.experts, hidden), {input});
  const std::int32_t routing =
      part.add("block_sparse_moe.softmax",
               Softmax{.rows = pass_.tokens, .columns = config_.experts}, 0, {router});
  const std::int32_t tokens = dispatch(part, input);
  std::vector<std::int32_t> made{routing};
  if (pass_.spread_experts) {
    const std::vector<std::int32_t> outputs = single_experts(part, tokens, routing, inner);
    made.insert(made.end(), outputs.begin(), outputs.end());
  } else {
    made.push_back(average_experts(part, tokens, routing, inner));
  }
  const std::int32_t combined = part.add(
      "block_sparse_moe.combine", elementwise(ElementwiseKind::add, hidden, chosen), 0, made);
  const std::int32_t whole = give_back(part, combined);
  return part.add("block_sparse_moe.residual", elementwise(ElementwiseKind::add, hidden, 2), 0,
                  {whole, residual});
}

Fragment TransformerBuilder::block(std::int64_t window, bool experts_here) const {
  const BlockNames& names = names_of(config_.architecture);
  Fragment part;
  std::int32_t input = kBlockInput;
  if (config_.norm_first) {
    input = norm(part, names.norm1, input);
  }
  const std::int32_t projected = attention(part, input, window);
  std::int32_t stream =
      part.add(names.residual1, elementwise(ElementwiseKind::add, config_.hidden, 2), 0,
               {projected, kBlockInput});
  if (pass_.ranks == 1) {  // an exchange between devices ends the kernel
    part.fuse(FusionKind::epilogue, {projected, stream});
  }
  if (!config_.norm_first) {
    stream = norm(part, names.norm1, stream);
  }
  input = config_.norm_first ? norm(part, names.norm2, stream) : stream;
  stream =
      config_.experts > 0 && experts_here ? experts(part, input, stream) : mlp(part, input, stream);
  if (!config_.norm_first) {
    norm(part, names.norm2, stream);
  }
  return part;
}

Fragment TransformerBuilder::after_blocks() const {
  Fragment part;
  const std::int64_t hidden = config_.hidden;
  std::int32_t last = kBlockInput;
  if (config_.architecture == Architecture::bert) {
    last = part.add("pooler.dense", MatMul{.m = pass_.batch, .n = hidden, .k = hidden},
                    linear_parameters(hidden, hidden, true), {last});
    const std::int32_t act =
        part.add("pooler.activation",
                 Elementwise{.kind = ElementwiseKind::tanh, .rows = pass_.batch, .columns = hidden},
                 0, {last});
    part.fuse(FusionKind::epilogue, {last, act});
    return part;
  }
  if (config_.final_norm) {
    const std::string_view name = config_.architecture == Architecture::gpt2  ? "ln_f"
                                  : config_.architecture == Architecture::opt ? "decoder.norm"
                                  : config_.architecture == Architecture::vit ? "layernorm"
                                                                              : "norm";
    last = norm(part, name, last);
  }
  if (config_.architecture == Architecture::vit) {
    if (config_.classes > 0) {
      part.add("classifier", MatMul{.m = pass_.batch, .n = config_.classes, .k = hidden},
               linear_parameters(config_.classes, hidden, true), {last});
    }
    return part;
  }
  const std::int64_t width = config_.embedding_width;
  if (width != hidden) {
    last = part.add("project_out", MatMul{.m = pass_.head_tokens, .n = width, .k = hidden},
                    linear_parameters(width, hidden, false), {last});
  }
  const std::int64_t rows = ceil_div(config_.vocabulary, pass_.ranks);
  const std::int32_t logits =
      part.add("lm_head", MatMul{.m = pass_.head_tokens, .n = rows, .k = width},
               config_.tied_embeddings ? 0 : linear_parameters(rows, width, false), {last});
  collective(part, CollectiveKind::all_gather, "lm_head.all_gather",
             times(pass_.head_tokens, config_.vocabulary), logits);
  return part;
}

Fragment TransformerBuilder::hand_over(std::int64_t stage) const {
  Fragment part;
  part.add(fmt::format("hand_over.{}", stage),
           Collective{.kind = CollectiveKind::point_to_point,
                      .elements = times(pass_.tokens, config_.hidden),
                      .ranks = 2},
           0, {kBlockInput});
  return part;
}

/// Appends a fragment; operators of a block get their layer in name and number.
void append(Workload& workload, const Fragment& part, std::int32_t layer) {
  const auto offset = static_cast<std::int32_t>(workload.operators.size());
  const std::string prefix = layer >= 0 ? fmt::format("layers.{}.", layer) : std::string{};
  for (const Operator& model : part.operators) {
    Operator& op = workload.operators.emplace_back(model);
    op.layer = layer;
    op.name.clear();
    op.name.reserve(prefix.size() + model.group.size() + model.name.size());
    op.name.append(prefix).append(model.group).append(model.name);  // the name: which expert
  }
  for (const Edge& edge : part.edges) {
    workload.edges.push_back({.from = edge.from + offset, .to = edge.to + offset});
  }
  for (const FusionGroup& group : part.fusions) {
    FusionGroup& copy = workload.fusions.emplace_back(group);
    for (std::int32_t& index : copy.operators) {
      index += offset;
    }
  }
  workload.idle_parameters += part.idle_parameters;
}

bool has_experts(const ModelConfig& config, std::int64_t layer) {
  return config.experts > 0 && (layer + 1) % config.moe_every == 0;
}

std::int64_t window_of(const ModelConfig& config, std::int64_t layer) {
  return config.windows.empty() ? 0 : config.windows[static_cast<std::size_t>(layer)];
}

/// \param what of the size or phase is wrong: `phase`, `batch`, `context`.
[[noreturn]] void refuse(const ModelConfig& config, std::string what, std::string message,
                         std::string hint) {
  throw ConfigError({Diagnostic{.severity = Severity::error,
                                .at = {.file = config.name, .text = {}},
                                .path = std::move(what),
                                .message = std::move(message),
                                .hint = std::move(hint)}});
}

/// Whether each of \p ranks devices gets an equal part, or \p parts of them share one.
bool can_share(std::int64_t parts, std::int64_t ranks) {
  return parts % ranks == 0 || ranks % parts == 0;
}

std::int64_t largest_divisor(std::int64_t number, std::int64_t at_most) {
  for (std::int64_t divisor = at_most; divisor > 1; --divisor) {
    if (number % divisor == 0) {
      return divisor;
    }
  }
  return 1;
}

void check_parallelism(const ModelConfig& config, const WorkloadSize& size) {
  const std::int64_t ranks = size.tensor_parallel;
  const auto cut = [&](std::int64_t parts, std::string_view what) {
    refuse(config, "tensor_parallel",
           fmt::format("{} {} cannot be cut into {} equal parts", parts, what, ranks),
           fmt::format("the next smaller number of parts is {}",
                       largest_divisor(config.heads, std::min(ranks, config.heads))));
  };
  if (config.heads % ranks != 0) {
    cut(config.heads, "attention heads");
  }
  if (!can_share(config.kv_heads, ranks)) {
    cut(config.kv_heads, "KV heads");
  }
  if (config.intermediate % ranks != 0) {
    cut(config.intermediate, "columns of the MLP");
  }
  const std::int64_t devices = ranks * size.data_parallel;
  const std::int64_t parts = size.expert_parallel;
  if (parts > 1 && config.experts == 0) {
    refuse(config, "expert_parallel", "the model has no experts", "leave it out");
  }
  if (config.experts % parts != 0 || devices % parts != 0 ||
      config.intermediate % (devices / parts) != 0) {
    refuse(
        config, "expert_parallel",
        fmt::format("{} experts on {} devices cannot be dealt into {} parts", config.experts,
                    devices, parts),
        "it divides the experts, the devices, and what is left of them the columns of an expert");
  }
  if (size.pipeline_parallel > config.layers) {
    refuse(config, "pipeline_parallel",
           fmt::format("{} layers make no {} stages", config.layers, size.pipeline_parallel),
           fmt::format("at most {}", config.layers));
  }
}

Pass plan_pass(const ModelConfig& config, Phase phase, const WorkloadSize& size) {
  if (config.encoder_only() && phase != Phase::forward) {
    refuse(config, "phase",
           fmt::format("a {} model has no {} phase", cairn::to_text(config.architecture),
                       cairn::to_text(phase)),
           "its phases are forward and training");
  }
  const bool decode = phase == Phase::decode;
  const bool vit = config.architecture == Architecture::vit;
  if (size.batch < 1 || size.context < (decode || phase == Phase::mixed ? 0 : 1)) {
    refuse(config, size.batch < 1 ? "batch" : "context",
           fmt::format("batch {} and context {} do not make a pass", size.batch, size.context),
           "both count from 1 (decode: the context counts from 0 cached keys)");
  }
  if (size.batch > kMostTokens || size.context > kMostTokens / size.batch) {
    refuse(
        config, "batch",
        fmt::format("batch {} of {} tokens is more than can be counted", size.batch, size.context),
        fmt::format("at most {} tokens in all", kMostTokens));
  }
  check_parallelism(config, size);
  const bool mixed = phase == Phase::mixed;
  if (mixed &&
      (size.prompts < 0 || size.prompts > size.batch || (size.prompts > 0 && size.prompt < 1) ||
       size.prompt > kMostTokens / std::max<std::int64_t>(size.prompts, 1))) {
    refuse(config, "context",
           fmt::format("{} prompts of {} tokens in a batch of {} do not make a stage", size.prompts,
                       size.prompt, size.batch),
           "the context is the length of a prompt");
  }
  Pass pass;
  pass.phase = phase;
  pass.ranks = size.tensor_parallel;
  pass.stages = size.pipeline_parallel;
  pass.groups = size.data_parallel;
  pass.expert_parts = size.expert_parallel;
  pass.spread_experts = size.spread_experts;
  pass.queries = decode || mixed ? 1 : (vit ? config.image_tokens() : size.context);
  pass.keys = decode || mixed ? size.context + 1 : pass.queries;
  // The fullest group; in a mixed stage the one that reads most prompts.
  const std::int64_t sequences = ceil_div(size.batch, pass.groups);
  pass.prompts = mixed ? ceil_div(size.prompts, pass.groups) : 0;
  pass.prompt_tokens = size.prompt;
  pass.batch = sequences - pass.prompts;
  pass.tokens = times(pass.batch, pass.queries) + times(pass.prompts, pass.prompt_tokens);
  pass.all_batch = size.batch;
  pass.all_tokens = mixed ? size.batch - size.prompts + times(size.prompts, size.prompt)
                          : times(size.batch, pass.queries);
  pass.head_tokens = phase == Phase::forward ? pass.tokens : sequences;
  if (!config.llama_family() && pass.keys > config.positions) {
    refuse(config, "context",
           fmt::format("a context of {} tokens exceeds the {} learned positions", pass.keys,
                       config.positions),
           fmt::format("at most {}", decode ? config.positions - 1 : config.positions));
  }
  return pass;
}

std::int64_t cached_elements(const Attention& attention) {
  const std::int64_t keys =
      attention.window > 0 ? std::min(attention.window, attention.context) : attention.context;
  return times(2 * attention.batch * keys, attention.kv_heads * attention.head_dim);
}

}  // namespace

std::int64_t expected_experts(std::int64_t experts, std::int64_t per_token, std::int64_t tokens) {
  const auto all = static_cast<double>(experts);
  const double missed =
      std::pow(1.0 - static_cast<double>(per_token) / all, static_cast<double>(tokens));
  return std::clamp(std::llround(all * (1.0 - missed)), static_cast<long long>(per_token),
                    static_cast<long long>(experts));
}

std::int64_t parameter_count(const ModelConfig& config) {
  const Pass pass{.phase = Phase::forward,
                  .batch = 1,
                  .queries = 1,
                  .keys = 1,
                  .tokens = 1,
                  .head_tokens = 1,
                  .all_batch = 1,
                  .all_tokens = 1};
  const TransformerBuilder builder(config, pass);
  const auto sum = [](const Fragment& part) {
    Bits total{part.idle_parameters};
    for (const Operator& op : part.operators) {
      total += Bits{op.parameters};
    }
    return total.count();
  };
  std::int64_t with = 0;  // blocks with experts
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    with += has_experts(config, layer) ? 1 : 0;
  }
  return sum(builder.before_blocks()) + times(with, sum(builder.block(0, true))) +
         times(config.layers - with, sum(builder.block(0, false))) + sum(builder.after_blocks());
}

Workload build_transformer(const ModelConfig& config, Phase phase, const WorkloadSize& size) {
  const Pass pass = plan_pass(config, phase, size);
  const TransformerBuilder builder(config, pass);
  const Fragment head = builder.before_blocks();
  const Fragment tail = builder.after_blocks();
  Fragment block = builder.block(window_of(config, 0), has_experts(config, 0));
  const auto layers = static_cast<std::size_t>(config.layers);

  Workload workload;
  workload.name = config.name;
  workload.phase = phase;
  workload.batch = pass.all_batch;
  workload.tokens = phase == Phase::mixed ? pass.all_batch : pass.all_tokens;
  workload.ranks = pass.ranks * pass.groups;
  workload.stages = pass.stages;
  workload.operators.reserve(head.operators.size() + layers * block.operators.size() +
                             tail.operators.size());
  workload.edges.reserve(head.edges.size() + layers * block.edges.size() + tail.edges.size());
  workload.fusions.reserve(layers * block.fusions.size() + tail.fusions.size());

  append(workload, head, -1);
  workload.repeats.push_back(
      {.first = 0, .length = static_cast<std::int32_t>(head.operators.size()), .copies = 1});
  std::int64_t window = window_of(config, 0);
  bool with_experts = has_experts(config, 0);
  const std::int64_t stage_layers = ceil_div(config.layers, pass.stages);
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    bool same = window_of(config, layer) == window && has_experts(config, layer) == with_experts;
    if (!same) {
      window = window_of(config, layer);
      with_experts = has_experts(config, layer);
      block = builder.block(window, with_experts);
    }
    if (layer > 0 && layer % stage_layers == 0) {
      workload.repeats.push_back({.first = static_cast<std::int32_t>(workload.operators.size()),
                                  .length = 1,
                                  .copies = 1});
      append(workload, builder.hand_over(layer / stage_layers), -1);
      same = false;
    }
    if (same && layer > 0) {
      ++workload.repeats.back().copies;
    } else {
      workload.repeats.push_back({.first = static_cast<std::int32_t>(workload.operators.size()),
                                  .length = static_cast<std::int32_t>(block.operators.size()),
                                  .copies = 1});
    }
    append(workload, block, static_cast<std::int32_t>(layer));
  }
  if (!tail.operators.empty()) {
    workload.repeats.push_back({.first = static_cast<std::int32_t>(workload.operators.size()),
                                .length = static_cast<std::int32_t>(tail.operators.size()),
                                .copies = 1});
    append(workload, tail, -1);
  }
  workload.parameters = workload.idle_parameters;
  for (const Operator& op : workload.operators) {
    workload.parameters += op.parameters;
    const auto* attention = std::get_if<Attention>(&op.shape);
    if (attention != nullptr && !config.encoder_only()) {
      workload.kv_cache_elements += cached_elements(*attention);
    }
  }
  return workload;
}

void set_context(Workload& decode, std::int64_t context) {
  CAIRN_CHECK(decode.phase == Phase::decode && context >= 0,
              "only a decode workload has a context that grows");
  decode.kv_cache_elements = 0;
  for (Operator& op : decode.operators) {
    if (auto* attention = std::get_if<Attention>(&op.shape)) {
      attention->context = context + 1;
      decode.kv_cache_elements += cached_elements(*attention);
    }
  }
}

}  // namespace cairn::models
