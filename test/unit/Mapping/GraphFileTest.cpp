//===- GraphFileTest.cpp - Tests of reading graphs and placements ---------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphFile.h"
#include "NetworkGraphs.h"
#include "gtest/gtest.h"

#include <cstdio>
#include <fstream>

using namespace fastsnn;
using namespace fastsnn::benchmarks;

namespace {

class GraphFile : public testing::Test {
protected:
  ~GraphFile() override { std::remove(path.c_str()); }

  const std::string &write(const std::string &text) {
    std::ofstream(path) << text;
    return path;
  }
  std::string graphError(const std::string &text) {
    std::string error;
    EXPECT_FALSE(readGraph(write(text), error));
    return error;
  }
  std::string placementError(const std::string &text) {
    std::string error;
    EXPECT_FALSE(readPlacement(write(text), 2, {3, 2}, error));
    return error;
  }

  std::string path =
      testing::TempDir() + "fastsnn-graph-" +
      testing::UnitTest::GetInstance()->current_test_info()->name() + ".txt";
};

TEST_F(GraphFile, ReadsGraphs) {
  std::string error;
  auto graph = readGraph(write("# two edges\n0 2 3.5\n\n1 2 4\n"), error);
  ASSERT_TRUE(graph) << error;
  EXPECT_EQ(graph->clusters(), 3);
  EXPECT_EQ(graph->edges(), 2);
  ASSERT_EQ(graph->targets(0).size(), 1);
  EXPECT_EQ(graph->targets(0).begin()->cluster, 2);
  EXPECT_EQ(graph->targets(0).begin()->weight, 3.5f);
  EXPECT_EQ(graph->neighbors(2).size(), 2);
}

TEST_F(GraphFile, RefusesBadGraphs) {
  EXPECT_EQ(graphError("0 1 1\n0 1\n"),
            path + ":2: not 'source destination weight'; correct the line");
  EXPECT_EQ(graphError("0 1 1 1\n"),
            path + ":1: not 'source destination weight'; correct the line");
  EXPECT_EQ(graphError("-1 1 1\n"),
            path + ":1: a cluster outside 0 to 268435455; number them from 0 "
                   "on");
  EXPECT_EQ(graphError("0 1 -1\n"),
            path + ":1: a weight below 0 or not finite; give spikes");
  EXPECT_EQ(graphError("\n"), path + ": holds no edge; a graph has at least "
                                     "one");
  std::remove(path.c_str());
  std::string error;
  EXPECT_FALSE(readGraph(path, error));
  EXPECT_EQ(error, path + ": cannot be read; check the name");
}

TEST_F(GraphFile, ReadsPlacements) {
  std::string error;
  auto placement = readPlacement(write("1 2 1\n0 0 0\n"), 2, {3, 2}, error);
  ASSERT_TRUE(placement) << error;
  EXPECT_EQ(*placement, (mapping::Placement{0, 5}));
}

TEST_F(GraphFile, RefusesBadPlacements) {
  EXPECT_EQ(placementError("0 0\n"),
            path + ":1: not 'cluster column row'; correct the line");
  EXPECT_EQ(placementError("0 3 0\n"),
            path + ":1: cluster or core outside the graph of 2 clusters or the "
                   "mesh of 3 x 2; check --graph and --mesh");
  EXPECT_EQ(placementError("0 1 0\n1 1 0\n"),
            path + ":2: cluster or core is given twice; place each once");
  EXPECT_EQ(placementError("0 1 0\n"),
            path + ": cluster 1 has no core; place all 2");
}

// The graphs of the benchmark: about as many clusters as asked for, traffic
// only from layer to layer, and all of a tile's outputs reached.
TEST(NetworkGraphs, HaveTheSizeAskedFor) {
  for (const std::string &name : networkNames())
    for (int64_t clusters : {1000, 20000}) {
      mapping::ClusterGraph graph = makeNetworkGraph(name, clusters);
      EXPECT_GT(graph.clusters(), clusters * 9 / 10) << name;
      EXPECT_LT(graph.clusters(), clusters * 11 / 10) << name;
      int64_t silent = 0;
      for (int64_t i = 0; i < graph.clusters(); ++i) {
        silent += graph.neighbors(i).size() == 0;
        for (const auto &edge : graph.targets(i)) {
          EXPECT_GT(edge.cluster, i) << name;
          EXPECT_GT(edge.weight, 0) << name;
        }
      }
      EXPECT_EQ(silent, 0) << name;
    }
}

} // namespace
