# frozen_string_literal: true

require 'spec_helper'
require_relative '../../lib/puppet_x/nfv/ini_text'

describe PuppetX::Nfv::IniText do
  let(:text) do
    <<~INI
      # head
      [one]
      # of a
      a=1
      b : two words
        and more
      ; shown = 3

      [empty]
      [two]
      a = x
      # tail
    INI
  end

  def changed
    ini = described_class.new(text)
    yield ini
    ini.to_s
  end

  it 'keeps what it does not change' do
    expect(changed { |_| }).to eq(text)
    expect(described_class.new('').to_s).to eq('')
  end

  it 'reads values, continued ones included' do
    ini = described_class.new(text)
    expect(ini.get('one', 'a')).to eq('1')
    expect(ini.get('one', 'b')).to eq("two words\nand more")
    expect(ini.get('two', 'a')).to eq('x')
    expect(ini.get('one', 'c')).to be_nil
    expect(ini.get('three', 'a')).to be_nil
    expect(ini.names).to eq([%w[one a], %w[one b], %w[two a]])
  end

  it 'changes a key where it stands, as it is written' do
    expect(changed { |ini| ini.set('two', 'a', 'y') }).to eq(text.sub('a = x', 'a = y'))
    expect(changed { |ini| ini.set('one', 'b', 'c') }).to eq(text.sub("b : two words\n  and more", 'b : c'))
  end

  it 'adds a key to its section, behind the comment that shows it or behind the last key' do
    expect(changed { |ini| ini.set('one', 'shown', '4') }).to eq(text.sub("; shown = 3\n", "; shown = 3\nshown=4\n"))
    expect(changed { |ini| ini.set('one', 'c', 'd') }).to eq(text.sub("  and more\n", "  and more\nc=d\n"))
    expect(changed { |ini| ini.set('empty', 'c', 'd') }).to eq(text.sub("[empty]\n", "[empty]\nc=d\n"))
    expect(changed { |ini| ini.set('three', 'c', 'd') }).to eq("#{text}\n[three]\nc=d\n")
    expect(described_class.new('').tap { |ini| ini.set('a', 'b', '') }.to_s).to eq("[a]\nb=\n")
  end

  it 'removes a key with all its lines' do
    expect(changed { |ini| ini.remove('one', 'b') }).to eq(text.sub("b : two words\n  and more\n", ''))
    expect(changed { |ini| ini.remove('one', 'c') }).to eq(text)
  end

  it 'leaves one of a key that stands twice, the last, which is the one in force' do
    twice = described_class.new("[a]\nb=1\nc=2\nb=3\n")
    expect(twice.get('a', 'b')).to eq('3')
    twice.set('a', 'b', '4')
    expect(twice.to_s).to eq("[a]\nc=2\nb=4\n")
  end
end
