//===- OptionsTest.cpp - Tests of option values ---------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/RunFlags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace fastsnn;
using namespace fastsnn::tools;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

TEST(Preprocess, KeepsTheDecimalsAsText) {
  rt::Result<Preprocess> all =
      parsePreprocess("scale=255,mean=0.491:0.482:0.447,std=0.247:0.243:0.262");
  ASSERT_TRUE(all) << all.status().str();
  EXPECT_EQ(all->divisor, "255");
  EXPECT_THAT(all->mean, ElementsAre("0.491", "0.482", "0.447"));
  EXPECT_THAT(all->std, ElementsAre("0.247", "0.243", "0.262"));
}

TEST(Preprocess, WhatIsLeftOutChangesNothing) {
  rt::Result<Preprocess> mean = parsePreprocess("mean=-1e-3");
  ASSERT_TRUE(mean) << mean.status().str();
  EXPECT_EQ(mean->divisor, "1");
  EXPECT_THAT(mean->mean, ElementsAre("-1e-3"));
  EXPECT_THAT(mean->std, ElementsAre("1"));
}

TEST(Preprocess, ReportsEveryMistake) {
  for (const char *text :
       {"", "255", "scale", "scale=", "scale=1,,mean=2", "mean=1;2", "std=-1",
        "std=0", "scale=1e99", "scale=0x10", "mean=nan", "mean=1:", "Scale=1",
        "scale=1234567890123456", "scale=1 ,mean=0"})
    EXPECT_FALSE(parsePreprocess(text)) << text;
  rt::Result<Preprocess> many = parsePreprocess("scale=a,mean=b:c,std=0");
  ASSERT_FALSE(many);
  EXPECT_EQ(many.status().diagnostics().size(), 4u);
}

TEST(TimeSteps, OneOrSeveral) {
  EXPECT_THAT(*parseTimeSteps("3"), ElementsAre(3));
  EXPECT_THAT(*parseTimeSteps("3, 7,15"), ElementsAre(3, 7, 15));
  EXPECT_THAT(*parseTimeSteps("65535"), ElementsAre(65535));
  for (const char *text : {"", "0", "-1", "65536", "3,", "3;7", "1e3", "3.0"})
    EXPECT_FALSE(parseTimeSteps(text)) << text;
}

TEST(Levels, ByName) {
  EXPECT_THAT(*parseLevels("--compare", "qnn,nmc"),
              ElementsAre(Level::QNN, Level::NMC));
  EXPECT_FALSE(parseLevels("--compare", ""));
  rt::Result<std::vector<Level>> wrong =
      parseLevels("--compare", "snn,SNN,snn");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.status().str(),
              HasSubstr("--compare: 'SNN' is no level, levels are "));
  EXPECT_THAT(wrong.status().str(), HasSubstr("'snn' is given twice"));
}

} // namespace
